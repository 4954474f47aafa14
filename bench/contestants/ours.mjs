// This package, as its README says to use it. Runs in a worker of a page and in a process of Node.

/** With `threads` it is in a worker of its own, which starts them. */
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
    // Short documents are scored a few at a time and reported one by one.
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
