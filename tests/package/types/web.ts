// Compiles with the types of a platform that has the web's classes: a browser, Node, Cloudflare.
import { type CachedFile, createReranker, type ModelSource } from 'rerank-wasm';
import { bearerKeys, createHandler } from 'rerank-wasm/edge';

export const model: ModelSource = {
  name: 'mine',
  files: {
    model: { location: new URL('https://example.org/model.onnx'), size: 1 },
    tokenizer: new Blob(['{}']),
    config: () => fetch('https://example.org/config.json'),
  },
};

export async function load(abort: AbortController): Promise<void> {
  await createReranker({ model, wasm: new URL('https://example.org/wasm/'), signal: abort.signal });
  // @ts-expect-error: an object is no signal
  await createReranker({ signal: {} });
  // @ts-expect-error: a number is no file
  await createReranker({ model: { name: 'mine', files: { bundle: 7 } } });
  // @ts-expect-error: a function that opens a file returns a response
  await createReranker({ model: { name: 'mine', files: { bundle: () => new Date() } } });
}

export async function answer(): Promise<string> {
  const handler = createHandler({
    authenticate: bearerKeys(['key']),
    rateLimit: ({ request }) => request.headers.get('x-caller') !== null,
  });
  const response: Response = await handler(new Request('https://example.org/v1/rerank'));
  return response.text();
}

/** A stream of a cached file is a stream: a cache of a user may wrap another one. */
export const copyOf = ({ stream, ...facts }: CachedFile): CachedFile => {
  const [one] = stream.tee();
  return { ...facts, stream: one };
};
