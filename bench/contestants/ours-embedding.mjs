// Runs this package's embedder in a worker of a page.

export async function load({ module, wasm, model, tokenizer, config }) {
  const { createEmbedder } = await import(module);
  const start = performance.now();
  const embedder = await createEmbedder({
    model: { name: 'bench', files: { model, tokenizer, config }, embedding: { pooling: 'cls' } },
    wasm,
    worker: false,
    cache: 'none',
  });
  const milliseconds = performance.now() - start;
  return { loaded: { milliseconds }, run: (input) => run(embedder, input), statistics: () => embedder.statistics() };
}

async function run(embedder, { texts }) {
  const start = performance.now();
  const { embeddings, tokens } = await embedder.embed(texts);
  const milliseconds = performance.now() - start;
  const sum = tokens.reduce((total, count) => total + count, 0);
  return { milliseconds, numbers: embeddings.flatMap((vector) => [...vector]), tokens: sum };
}
