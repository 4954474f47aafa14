import type { Embedder, EmbedderOptions } from '../common/embedding.js';
import type { Request, Response } from '../common/globals.js';
import type { Reranker, RerankerOptions } from '../common/types.js';

/** The part of a worker's execution context that the handler uses. */
export interface HandlerContext {
  /** Keeps the worker alive until the promise settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/** Answers a request. It never rejects: an error becomes an answer. */
export type Handler<Env> = (request: Request, env?: Env, ctx?: HandlerContext) => Promise<Response>;

/** The facts about a request that a hook receives. */
export interface HookCall<Env, Caller> {
  /** The request. A hook may read its headers and URL, but not its body. */
  request: Request;
  /** The environment that the platform passes to the handler. */
  env: Env;
  /** The request's id, which the answer carries too. */
  id: string;
  /** The value that `authenticate` returned; undefined without that hook. */
  caller: Caller | undefined;
}

/** A request that is about to run on a model, without its texts. */
export interface RankingCall<Env, Caller> extends HookCall<Env, Caller> {
  /** The model's name in the answer. */
  model: string;
  /** Number of documents, or of texts to embed. */
  documents: number;
  /** The cost in tokens, estimated from the size of the texts; 0 without documents. */
  tokens: number;
}

/** Limits of one request and of all that wait. Each is a positive integer. */
export interface HandlerLimits {
  /** Size of a request's body in bytes. Default: 1,048,576. */
  bodyBytes?: number;
  /** Seconds within which a request's body must arrive; after that the answer is a 400. Default: 30. */
  bodySeconds?: number;
  /** Documents in one request. Default: 1,000. */
  documents?: number;
  /**
   * Tokens in one request, estimated as 3 bytes of UTF-8 each. A document and the query count together, at most the
   * model's longest pair (512 until the model is loaded). Default: 131,072, which is 256 of the longest documents.
   */
  tokens?: number;
  /** Tokens of all requests that run or wait, at least `tokens`. Default: 262,144. */
  queueTokens?: number;
  /**
   * Bytes of the bodies of all requests that are read, run or wait, at least `bodyBytes`. A body takes more memory than
   * its size: it is held as text and as documents. Default: 8,388,608.
   */
  queueBytes?: number;
  /** Seconds that a request waits for the model to load; after that the answer is a 503. Default: 20. */
  waitSeconds?: number;
  /**
   * Seconds after which a load counts as dead; the next request then starts another. In a Cloudflare Worker a load can
   * die with the request that began it. Choose more than a load takes. Default: 60 in workerd and edge-light, else 300.
   */
  loadSeconds?: number;
}

/** Options of `createReranker`, or a function that creates a reranker. */
export type RerankerChoice<Env = unknown> = RerankerOptions | ((env: Env) => Promise<Reranker>);

/** Options of `createEmbedder`, or a function that creates an embedder. */
export type EmbedderChoice<Env = unknown> = EmbedderOptions | ((env: Env) => Promise<Embedder>);

/** A model that a handler serves. */
export type ModelChoice<Env = unknown> = { reranker: RerankerChoice<Env> } | { embedder: EmbedderChoice<Env> };

/**
 * Options of `createHandler`. On Cloudflare set the compatibility flag `enable_request_signal`. Without it a worker
 * does not notice that a client has gone. The client's request then keeps its place in the queue.
 *
 * @example
 * createHandler({
 *   reranker: { model: mini },
 *   authenticate: bearerKeys((env) => [env.API_KEY]),
 *   limits: { documents: 100 },
 *   cors: { origins: ['https://example.org'] },
 *   onError: (error, { id }) => console.error(id, error),
 * });
 */
export interface HandlerOptions<Env = unknown, Caller = unknown> {
  /**
   * Options of `createReranker`, or a function that creates a reranker from the environment of the first request. The
   * first ranking loads the model; if that fails, the next one tries again. Default: the default model.
   *
   * @example
   * reranker: { model: 'cross-encoder/ms-marco-MiniLM-L6-v2' }
   */
  reranker?: RerankerChoice<Env>;
  /**
   * Options of `createEmbedder`, or a function that creates an embedder, for `POST /v1/embeddings`. With it and without
   * `reranker`, the handler ranks nothing. Default: no embeddings.
   *
   * @example
   * embedder: { model: 'bge-small-en-v1.5' }
   */
  embedder?: EmbedderChoice<Env>;
  /**
   * The names that requests may use for `reranker`. Answers carry the first one. Default: the name in `reranker`, such as
   * `'org/repo'`, or `'reranker'` if that is a URL, a directory or a function.
   *
   * An object holds several models by name, in place of `reranker` and `embedder`. A request without a model takes the
   * first one of its endpoint.
   *
   * @example
   * models: { 'bge-m3': { embedder: { model: 'bge-m3' } }, small: { reranker: { model: mini } } }
   */
  models?: readonly string[] | Readonly<Record<string, ModelChoice<Env>>>;
  /**
   * The path below which the handler is reached, for a server that passes the whole path of a request. Its documents and
   * messages name their paths with it. Default: none, so the ranking is at `/v1/rerank`.
   *
   * @example
   * basePath: '/api'
   */
  basePath?: string;
  /**
   * Identifies the caller. The other hooks receive the value that it returns. For `undefined`, `null`, `false` and
   * other empty values the answer is a 401. Without this hook everybody may call. {@link bearerKeys} makes one.
   *
   * @example
   * authenticate: bearerKeys((env) => [env.API_KEY])
   */
  authenticate?: (
    request: Request,
    env: Env,
  ) => Caller | undefined | null | false | Promise<Caller | undefined | null | false>;
  /**
   * Runs before a request's body is read. Every value except `true` makes the answer a 429; `retryAfter` is in seconds
   * (default: 60).
   *
   * @example
   * rateLimit: async ({ env, caller }) => (await env.LIMITER.limit({ key: caller })).success
   */
  rateLimit?: (call: HookCall<Env, Caller>) => RateLimitAnswer | Promise<RateLimitAnswer>;
  /**
   * Runs once, right before a ranking: may the caller spend this? Every value except `true` makes the answer a 402. The
   * model is loaded then, and the queue has room. So a hook that debits never charges for a 503.
   *
   * @example
   * authorize: async ({ caller, tokens }) => await debit(caller, tokens)
   */
  authorize?: (call: RankingCall<Env, Caller>) => boolean | Promise<boolean>;
  /**
   * Limits of one request and of all that wait.
   *
   * @example
   * limits: { documents: 100 }
   */
  limits?: HandlerLimits;
  /**
   * The origins of pages that may call. Without it only pages of the handler's origin may.
   *
   * @example
   * cors: { origins: ['https://example.org'] }
   */
  cors?: CorsOptions;
  /**
   * Receives every error behind a 500 or 503, with the id in that answer. The handler itself writes no logs. The answer
   * does not wait for this hook, and in a worker the hook may finish after it. Errors of the hook are dropped.
   *
   * @example
   * onError: (error, { id }) => console.error(id, error)
   */
  onError?: (error: unknown, call: { id: string }) => unknown;
}

/** The pages of other origins that may call. */
export interface CorsOptions {
  /** Their origins, such as `https://example.org`, or `'*'` for all. */
  origins: '*' | readonly string[];
}

/** True if a call is within its rate. */
export type RateLimitAnswer = boolean | { retryAfter: number };
