import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { Deferred } from '../common/deferred.js';
import { disposedError, messageOf, RerankError } from '../common/errors.js';
import { silence, startSeconds, startTimer } from '../common/timer.js';
import type { LoadProgress, RerankerStatistics, RerankWarning } from '../common/types.js';
import type { ScoredDocument, ScoreTask } from '../engine/backend.js';
import type { ResolvedModel } from '../files/resolve.js';
import { serveCache } from './cache-port.js';
import { PageThreads } from './page-threads.js';
import { type Message, type Request, revivedError } from './protocol.js';
import { Requests } from './rpc.js';

/** How long a worker may take to clean up behind a load that is no longer wanted. */
const retirementSeconds = 5;

type Payload = Request extends infer Kind ? (Kind extends Request ? Omit<Kind, 'id'> : never) : never;

/** What a request may bring back besides its answer. */
interface Watch {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  onScored?: ((document: ScoredDocument) => void) | undefined;
  onWarning?: ((warning: RerankWarning) => void) | undefined;
}

/** How a caller watches the loading. */
export type LoadWatch = Omit<Watch, 'onScored'>;

/** What a worker makes its model of. */
interface WorkerTask {
  model: ResolvedModel;
  wasm: EngineSource;
  threads: ThreadWish;
  cache: CacheChoice;
}

/** A request got no answer because its worker was ended for another; it is worth asking the next worker. */
export class LostError extends RerankError {
  constructor() {
    super('internal', 'the worker was replaced');
  }
}

/** One worker, and what is asked of it. */
export class WorkerLink {
  readonly #worker: Worker;
  readonly #threads: PageThreads;
  readonly #requests = new Requests<Watch>();
  readonly #ready = new Deferred<void>();
  #closed: RerankError | undefined;
  /** Settles when the worker has ended a request that this side no longer waits for. */
  #abandoned: Deferred<void> | undefined;

  private constructor(create: () => Worker) {
    const worker = create();
    this.#worker = worker;
    this.#threads = new PageThreads(create, worker);
    worker.addEventListener('message', ({ data }: MessageEvent<Message>) => this.#receive(data));
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#crash(event.message || 'its script cannot be loaded');
    });
    worker.addEventListener('messageerror', () => this.#crash('a message cannot be read'));
  }

  /**
   * Starts a worker; settles when its code runs.
   *
   * @throws `unsupported_environment` where it cannot run here, `aborted`
   */
  static async start(create: () => Worker, signal: AbortSignal | undefined): Promise<WorkerLink> {
    let link: WorkerLink | undefined;
    let stopTimer = () => {};
    try {
      link = new WorkerLink(create);
      const begun = new Deferred<void>(signal);
      const { promise } = link.#ready;
      promise.then(
        () => begun.resolve(),
        (error) => begun.reject(error),
      );
      stopTimer = startTimer(startSeconds, () => begun.reject(silentError()));
      await begun.promise;
      return link;
    } catch (cause) {
      link?.close(disposedError());
      if (cause instanceof RerankError && cause.code === 'aborted') throw cause;
      throw new RerankError('unsupported_environment', `no worker can be started: ${messageOf(cause)}`, { cause });
    } finally {
      stopTimer();
    }
  }

  /** False once the worker has ended. */
  get open(): boolean {
    return this.#closed === undefined;
  }

  /** Has the worker load the model; where that fails, the worker ends. */
  async load(source: WorkerTask, watch: LoadWatch): Promise<void> {
    try {
      await this.#load(source, watch);
    } catch (error) {
      // Nobody waits for that: who aborts gets the answer at once.
      void this.#retire();
      throw error;
    }
  }

  async #load({ model, wasm, threads, cache }: WorkerTask, watch: LoadWatch): Promise<void> {
    if (typeof cache === 'string') {
      await this.#request({ type: 'load', model, wasm, threads, cache }, watch);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    const stop = serveCache(cache, port1);
    try {
      await this.#request({ type: 'load', model, wasm, threads, cache: port2 }, watch, [port2]);
    } finally {
      stop();
    }
  }

  /** Lets the worker clean up behind a load that was given up, and ends it. */
  async #retire(): Promise<void> {
    const stopTimer = startTimer(retirementSeconds, () => this.#abandoned?.resolve());
    await this.#abandoned?.promise;
    stopTimer();
    this.close(disposedError());
  }

  /** @throws {@link LostError}; so does `statistics` */
  async score({ query, texts, maxTokens, chunk, signal, onScored }: ScoreTask): Promise<void> {
    await this.#request({ type: 'score', query, texts, maxTokens, chunk }, { signal, onScored });
  }

  async statistics(): Promise<RerankerStatistics> {
    return (await this.#request({ type: 'statistics' })) as RerankerStatistics;
  }

  /** Ends the worker and its threads; every request fails with `error`. */
  close(error: RerankError): void {
    if (this.#closed) return;
    this.#closed = error;
    this.#worker.terminate();
    this.#threads.close();
    this.#ready.reject(error);
    this.#requests.failAll(error);
  }

  async #request(payload: Payload, watch: Watch = {}, transfer: Transferable[] = []): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    try {
      return await this.#requests.ask({
        watch,
        signal: watch.signal,
        post: (id) => this.#worker.postMessage({ ...payload, id }, transfer),
        onAbandoned: (id) => this.#abandon(id),
      });
    } catch (cause) {
      if (cause instanceof RerankError) throw cause;
      throw new RerankError('invalid_input', `this cannot be sent to a worker: ${messageOf(cause)}`, { cause });
    }
  }

  #abandon(id: number): void {
    if (this.#closed) return;
    this.#abandoned = new Deferred();
    this.#worker.postMessage({ type: 'abort', id } satisfies Request);
  }

  #receive(message: Message): void {
    if (message.type === 'ready') {
      this.#ready.resolve();
      return;
    }
    if (message.type === 'broken') {
      this.close(new LostError());
      return;
    }
    if (message.type === 'start-thread') {
      if (this.open) this.#threads.start(message.thread, message.port);
      else message.port.close();
      return;
    }
    if (message.type === 'end-thread') {
      this.#threads.end(message.thread);
      return;
    }
    if (message.type === 'failure' && message.broken) {
      // Also where this side has given up the call that did it: those beside it want another worker.
      this.#requests.take(message.id)?.answer.reject(revivedError(message.error));
      this.close(new LostError());
      return;
    }
    const pending = this.#requests.find(message.id);
    if (!pending) {
      if (message.type === 'answer' || message.type === 'failure') this.#abandoned?.resolve();
      return;
    }
    const { answer, watch } = pending;
    if (message.type === 'progress') answer.report(watch.onProgress, message.progress);
    else if (message.type === 'scored') answer.report(watch.onScored, message.document);
    else if (message.type === 'warning') answer.report(watch.onWarning, message.warning, 'onWarning');
    else {
      this.#requests.take(message.id);
      if (message.type === 'answer') answer.resolve(message.value);
      else answer.reject(revivedError(message.error));
    }
  }

  #crash(reason: string): void {
    this.close(new RerankError('internal', `the worker failed: ${reason}`));
  }
}

function silentError(): RerankError {
  const reason = `${silence}; its script must be, or import, the package's worker`;
  return new RerankError('unsupported_environment', reason);
}
