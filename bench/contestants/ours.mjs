// Runs this package as its README shows, in a worker of a page or in a process of Node.

/**
 * With `threads` set, the package starts a worker, which starts the threads. With `form` set to `bytes` or `blob`, the
 * graph is in memory before the time starts.
 */
export async function load({ module, wasm, threads, form, model: url, tokenizer, config }) {
  const { createReranker } = await import(module);
  const model = form ? await forms[form](url) : url;
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

const forms = {
  bytes: async (url) => new Uint8Array(await read(url)),
  blob: async (url) => new Blob([await read(url)]),
};

async function read(url) {
  if (!url.startsWith('file:')) return (await fetch(url)).arrayBuffer();
  const { readFile } = await import('node:fs/promises');
  return (await readFile(new URL(url))).buffer;
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
