import type { CacheChoice, EngineSource, ThreadWish } from '../common/choices.js';
import { Deferred } from '../common/deferred.js';
import { disposedError, RerankError, sentence, withReason } from '../common/errors.js';
import type { LoadProgress, RerankWarning } from '../common/loading.js';
import { startSeconds, startTimer } from '../common/timer.js';
import type { StartWorker, WorkerHandle } from '../common/worker-handle.js';
import type { ModelStatistics, TextResult, TextTask } from '../engine/backend.js';
import type { ModelCopy } from '../engine/copy.js';
import type { Precompiled } from '../engine/precompiled.js';
import type { ResolvedModel } from '../files/resolved.js';
import { serveCache } from './cache-port.js';
import { sendable } from './file-port.js';
import { PageThreads } from './page-threads.js';
import {
  type EngineOffer,
  type Message,
  type RemoteCacheChoice,
  type Request,
  revivedError,
  revivedWarning,
} from './protocol.js';
import { Requests } from './rpc.js';

/** Seconds that a worker has to clean up after an abandoned load. */
const retirementSeconds = 5;

type Payload = Request extends infer Kind ? (Kind extends Request ? Omit<Kind, 'id'> : never) : never;

/** The signal of a request, and the callbacks for what arrives before its answer. */
interface Watch {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: LoadProgress) => void) | undefined;
  onResult?: ((result: TextResult) => void) | undefined;
  onWarning?: ((warning: RerankWarning) => void) | undefined;
}

/** The signal and the callbacks of a load. */
export type LoadWatch = Omit<Watch, 'onResult'>;

/** The model that a worker loads, and how. */
interface WorkerTask {
  model: ResolvedModel;
  wasm: EngineSource;
  threads: ThreadWish;
  cache: CacheChoice;
}

/** Another request crashed the instance, so this one got no answer. The next worker can answer it. */
export class LostError extends RerankError {
  constructor() {
    super('internal', 'The worker was replaced before it answered.');
  }
}

/** One worker with its threads and the requests that wait for its answers. */
export class WorkerLink {
  readonly #worker: WorkerHandle;
  readonly #threads: PageThreads;
  readonly #requests = new Requests<Watch>();
  readonly #ready = new Deferred<void>();
  #closed: RerankError | undefined;
  /** Settles when the worker has ended. */
  #ended: unknown;
  /** Requests that wait for an answer. */
  #waiting = 0;
  /** Settles when the worker has ended the request that this side abandoned. */
  #abandoned: Deferred<void> | undefined;

  private constructor(create: StartWorker) {
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
   * @throws `unsupported_environment` if it cannot run here, `aborted`
   */
  static async start(create: StartWorker, signal: AbortSignal | undefined): Promise<WorkerLink> {
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
      const message = withReason('No worker can be started', cause, 'use `worker: false`');
      throw new RerankError('unsupported_environment', message, { cause });
    } finally {
      stopTimer();
    }
  }

  /** False once the worker has ended. */
  get open(): boolean {
    return this.#closed === undefined;
  }

  /** Gives the worker an engine that is compiled already. Where modules cannot be sent, the worker compiles it. */
  offer(engine: Precompiled): void {
    try {
      this.#worker.postMessage({ type: 'engine', engine } satisfies EngineOffer, []);
    } catch {
      // The load that follows says what is wrong, if anything is.
    }
  }

  /** Loads the model in the worker. If that fails, the worker ends. */
  async load(source: WorkerTask, watch: LoadWatch): Promise<void> {
    try {
      await this.#load(source, watch);
    } catch (error) {
      // Not awaited, so that a caller that aborts gets its answer at once.
      void this.#retire();
      throw error;
    }
  }

  async #load({ model, wasm, threads, cache }: WorkerTask, watch: LoadWatch): Promise<void> {
    const sent = sendable(model);
    const kept = sendableCache(cache);
    try {
      const task = { model: sent.model, wasm, threads, cache: kept.cache };
      await this.#request({ type: 'load', ...task }, watch, [...sent.ports, ...kept.ports]);
    } catch (error) {
      // If they could not be posted, no other side closes them.
      for (const port of [...sent.ports, ...kept.ports]) port.close();
      throw error;
    } finally {
      sent.stop();
      kept.stop();
    }
  }

  /** Copies the worker's model. */
  async copy(signal: AbortSignal | undefined): Promise<ModelCopy> {
    return (await this.#request({ type: 'copy' }, { signal })) as ModelCopy;
  }

  /** Starts the copy of another worker's model in this one, which takes the copy's memory. */
  async startCopy(copy: ModelCopy, signal: AbortSignal | undefined): Promise<void> {
    await this.#request({ type: 'start-copy', copy }, { signal }, [copy.instance.memory]);
  }

  /** Lets the worker clean up after an abandoned load, then ends it. */
  async #retire(): Promise<void> {
    const stopTimer = startTimer(retirementSeconds, () => this.#abandoned?.resolve());
    await this.#abandoned?.promise;
    stopTimer();
    this.close(disposedError());
  }

  /** @throws {@link LostError}; so does `statistics` */
  async run(task: TextTask): Promise<void> {
    const { request, texts, signal } = task;
    await this.#request({ type: 'run', request, texts }, { signal, onResult: (result) => task.onResult(result) });
  }

  async statistics(): Promise<ModelStatistics> {
    return (await this.#request({ type: 'statistics' })) as ModelStatistics;
  }

  /** Settles when a closed worker has ended. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Ends the worker and its threads; every request fails with `error`. */
  close(error: RerankError): void {
    if (this.#closed) return;
    this.#closed = error;
    // The process must not end before `ended` settles.
    this.#worker.ref?.();
    this.#ended = this.#worker.terminate();
    this.#threads.close();
    this.#ready.reject(error);
    this.#requests.failAll(error);
  }

  async #request(payload: Payload, watch: Watch = {}, transfer: Transferable[] = []): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    this.#waiting += 1;
    this.#worker.ref?.();
    try {
      return await this.#requests.ask({
        watch,
        signal: watch.signal,
        post: (id) => this.#worker.postMessage({ ...payload, id }, transfer),
        onAbandoned: (id) => this.#abandon(id),
      });
    } catch (cause) {
      if (cause instanceof RerankError) throw cause;
      const message = withReason('An option cannot be sent to the worker', cause, 'use `worker: false`');
      throw new RerankError('invalid_input', message, { cause });
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && this.open) this.#worker.unref?.();
    }
  }

  #abandon(id: number): void {
    if (this.#closed) return;
    this.#abandoned = new Deferred();
    this.#worker.postMessage({ type: 'abort', id } satisfies Request, []);
  }

  #receive(message: Message): void {
    if (message.type === 'ready') {
      this.#ready.resolve();
      return;
    }
    if (message.type === 'crashed') {
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
    if (message.type === 'failure' && message.crashed) {
      // This side may have abandoned the call that caused the crash; the calls beside it still need another worker.
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
    else if (message.type === 'result') answer.report(watch.onResult, message.result);
    else if (message.type === 'warning') answer.report(watch.onWarning, revivedWarning(message.warning), 'onWarning');
    else {
      this.#requests.take(message.id);
      if (message.type === 'answer') answer.resolve(message.value);
      else answer.reject(revivedError(message.error));
    }
  }

  #crash(reason: string): void {
    this.close(new RerankError('internal', sentence(`The worker failed: ${reason}`)));
  }
}

/** The cache as it is posted: a cache of the caller stays here, and the worker gets a port to it. */
function sendableCache(cache: CacheChoice): { cache: RemoteCacheChoice; ports: MessagePort[]; stop(): void } {
  if (typeof cache === 'string') return { cache, ports: [], stop() {} };
  const { port1, port2 } = new MessageChannel();
  return { cache: port2, ports: [port2], stop: serveCache(cache, port1) };
}

function silentError(): RerankError {
  const found = `it has not answered for ${startSeconds} s`;
  return new RerankError('unsupported_environment', `${found}; its script must be, or import, \`rerank-wasm/worker\`.`);
}
