import type { Reranker, RerankerOptions } from '../common/types.js';

/** The part of a worker's execution context that is used, where there is one. */
export interface HandlerContext {
  /** Keeps the worker alive until the promise settles. */
  waitUntil(promise: Promise<unknown>): void;
}

/** Answers a request. It never rejects: what goes wrong becomes an answer. */
export type Handler<Env> = (request: Request, env?: Env, ctx?: HandlerContext) => Promise<Response>;

/** What a hook is told about a request. */
export interface HookCall<Env, Caller> {
  /** Its headers and URL are there to be read; its body must be left alone. */
  request: Request;
  /** What the platform gave the handler as its environment. */
  env: Env;
  /** The request's id, as it is in the answer. */
  id: string;
  /** What `authenticate` gave; undefined where there is no such hook. */
  caller: Caller | undefined;
}

/** A ranking that is about to run, without its texts. */
export interface RankingCall<Env, Caller> extends HookCall<Env, Caller> {
  /** The name that the answer will carry. */
  model: string;
  /** Number of documents. */
  documents: number;
  /** What it is expected to cost, in tokens: an estimate from the size of the texts; 0 without documents. */
  tokens: number;
}

/** Bounds on what one request may ask for and on what may wait. Each is a positive whole number. */
export interface HandlerLimits {
  /** Size of a request's body in bytes. Default: 1,048,576. */
  bodyBytes?: number;
  /** Seconds within which a request's body has to arrive, or the answer is a 400. Default: 30. */
  bodySeconds?: number;
  /** Documents in one request. Default: 1,000. */
  documents?: number;
  /**
   * Tokens in one request, estimated from the size of its texts: 3 bytes of UTF-8 each, a document and the query together at
   * most what the model takes (512 until it is loaded). Default: 131,072, that is 256 of the longest documents.
   */
  tokens?: number;
  /** Tokens of all requests that run or wait; at least `tokens`. Default: 262,144. */
  queueTokens?: number;
  /**
   * Bytes of the bodies of all rankings that are read, run or wait; at least `bodyBytes`. A body is in memory as text and
   * as the documents made of it, so it takes more than its size. Default: 8,388,608.
   */
  queueBytes?: number;
  /** Seconds for which a request waits for the model while it loads, before it gets a 503. Default: 20. */
  waitSeconds?: number;
  /**
   * Seconds after which a load that has not ended is given up, so that the next request starts another: in a Cloudflare
   * Worker a load can die with the request that began it. Should be more than a load takes. Default: 60 in workerd and
   * edge-light, else 300.
   */
  loadSeconds?: number;
}

/**
 * Options of `createHandler`. On Cloudflare turn the compatibility flag `enable_request_signal` on: without it a worker does
 * not learn that a client has gone, and what that client was waiting for keeps its place in the queue.
 */
export interface HandlerOptions<Env = unknown, Caller = unknown> {
  /**
   * The model: options of `createReranker`, or a function that makes a reranker, which gets the environment of the first
   * request. It is loaded once, by the first ranking; a load that failed is tried again by the next one.
   * Default: that of `createReranker`.
   */
  reranker?: RerankerOptions | ((env: Env) => Promise<Reranker>);
  /**
   * Names by which requests may ask for the model; the first is the one in answers. Default: the name of the model that
   * `reranker` has, or `'reranker'` where that is a URL, a directory or a function.
   */
  models?: readonly string[];
  /**
   * Who is calling: what it gives is handed to the other hooks, and where that is `undefined`, `null`, `false` or empty the
   * answer is 401. Without it everybody may call. {@link bearerKeys} makes one.
   */
  authenticate?: (
    request: Request,
    env: Env,
  ) => Caller | undefined | null | false | Promise<Caller | undefined | null | false>;
  /** Asked before a ranking's body is read. Anything but `true` is a 429; `retryAfter` is in seconds (60 without it). */
  rateLimit?: (call: HookCall<Env, Caller>) => RateLimitAnswer | Promise<RateLimitAnswer>;
  /**
   * Asked once, right before a ranking runs: may the caller spend this? Anything but `true` is a 402. There is room in the
   * queue then and the model is loaded, so a hook that debits is not asked for requests that get a 503 because of these.
   */
  authorize?: (call: RankingCall<Env, Caller>) => boolean | Promise<boolean>;
  /** Bounds on requests and on what may wait. */
  limits?: HandlerLimits;
  /** Pages of these origins may call. Without it, no page of another origin may. */
  cors?: { origins: '*' | readonly string[] };
  /**
   * Told of every failure that a client sees as 500 or 503 because something broke, together with the id in that answer,
   * which does not wait for it. In a worker what it has begun may go on after the answer. What it throws, or a promise
   * that it gives rejects with, is dropped.
   * The handler itself writes no logs.
   */
  onError?: (error: unknown, call: { id: string }) => unknown;
}

/** Whether a call is within its rate. */
export type RateLimitAnswer = boolean | { retryAfter: number };
