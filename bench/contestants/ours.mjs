// Runs this package as its README shows, in a worker of a page or in a process of Node.

/** With `threads` set, the package starts a worker, which starts the threads. */
export async function load({ module, wasm, threads, model, tokenizer, config }) {
  const { createReranker } = await import(module);
  const start = performance.now();
  const reranker = await createReranker({
    model: { name: 'bench', files: { model, tokenizer, config } },
    wasm,
    ...(threads && { threads }),
    worker: threads !== undefined,
    cache: 'none',
  });
  const milliseconds = performance.now() - start;
  return { loaded: { milliseconds }, run: (input) => run(reranker, input), statistics: () => reranker.statistics() };
}

async function run(reranker, { query, documents, maxTokens }) {
  const logits = [];
  const steps = [];
  const start = performance.now();
  let last = start;
  const onProgress = ({ done }) => {
    const now = performance.now();
    // The engine scores a few short documents together and reports them one by one.
    if (done > 1 && now - last < 0.5) return;
    steps.push(now - last);
    last = now;
  };
  const results = await reranker.rerank(query, documents, { maxTokens, onProgress });
  const milliseconds = performance.now() - start;
  for (const { index, logit } of results) logits[index] = logit;
  const tokens = results.reduce((total, result) => total + result.tokens, 0);
  return { milliseconds, logits, tokens, steps };
}
