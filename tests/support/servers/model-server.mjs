// Serves a handler with the small reranker and bge-small-en-v1.5 on 127.0.0.1:PORT to callers with the key KEY, and prints
// its URL.
import { bearerKeys, createHandler } from 'rerank-wasm/edge';
import mini from 'rerank-wasm-mini';

import { bgeSmallFolder } from '../models/bge-small.js';
import { listen } from './serve.js';

const handle = createHandler({
  models: {
    'rerank-wasm-mini': { reranker: { model: mini } },
    'bge-small-en-v1.5': { embedder: { model: bgeSmallFolder() } },
  },
  authenticate: bearerKeys(() => [process.env.KEY]),
  limits: { documents: 20 },
  onError: (error) => process.stderr.write(`${error.stack ?? error}\n`),
});
const server = await listen(handle, Number(process.env.PORT ?? 0));
process.stdout.write(`http://127.0.0.1:${server.address().port}\n`);
