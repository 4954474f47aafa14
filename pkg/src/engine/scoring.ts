import { Deferred } from '../common/deferred.js';
import { type RerankError, toRerankError } from '../common/errors.js';
import { BrokenError, type Instance } from '../instance/instance.js';
import type { Job } from '../wasm/bindings.js';
import type { ScoredDocument, ScoreTask } from './backend.js';
import type { LoadedModel } from './load.js';

/** The engine gets the documents of a call in slices of so many UTF-16 code units, or of one document that is longer. */
const sliceLength = 1 << 16;

/** Enough that short documents still fill the groups that the engine scores together. */
const sliceDocuments = 256;

/** So many instances in a row that broke before a document was done are taken to be the call's doing. */
const mostBroken = 3;

/** Documents that an instance of the engine is at. */
interface Slice {
  instance: Instance;
  job: Job;
  documents: number;
  done: number;
}

/**
 * A call on its way through the engine. The engine holds no more than a slice of its documents, so that many calls at
 * once take little memory, which an instance never gives back, and a call can go on in another instance.
 */
export class Scoring {
  readonly #task: ScoreTask;
  readonly #answer: Deferred<void>;
  #slice: Slice | undefined;
  #done = 0;
  /** Instances that broke since a document was done. */
  #broken = 0;

  constructor(task: ScoreTask) {
    this.#task = task;
    this.#answer = new Deferred(task.signal);
  }

  get promise(): Promise<void> {
    return this.#answer.promise;
  }

  get settled(): boolean {
    return this.#answer.settled;
  }

  reject(error: RerankError): void {
    this.#answer.reject(error);
  }

  /** Scores the next document, a window of it, or the next few short ones. */
  step({ instance, engine }: LoadedModel): void {
    const { texts, onScored } = this.#task;
    try {
      this.#slice ??= this.#begin({ instance, engine });
      for (const document of this.#score(this.#slice)) this.#answer.report(onScored, document);
      if (this.#done === texts.length) this.#answer.resolve();
    } catch (error) {
      // A thread ended by itself: who gives the turns finds that out, and another instance may be had.
      if (!(error instanceof BrokenError)) this.reject(toRerankError(error));
    }
  }

  /** Gives up the instance, which broke; the call goes on in another if there is one, unless it seems to break them all. */
  leaveBroken(isReplaced: boolean): void {
    const slice = this.#slice;
    if (!slice) return;
    this.#broken += 1;
    if (!isReplaced || this.#broken === mostBroken) this.reject(slice.instance.failure);
    this.release();
  }

  /** Frees what the engine holds of the call; a call that has not settled can go on. */
  release(): void {
    const slice = this.#slice;
    this.#slice = undefined;
    try {
      if (slice?.instance.usable) slice.instance.call(() => slice.job.free());
    } catch {
      // The instance broke, which the next call finds out.
    }
  }

  #begin({ instance, engine }: Pick<LoadedModel, 'instance' | 'engine'>): Slice {
    const { query, texts, maxTokens, chunk } = this.#task;
    const documents = takeSlice(texts, this.#done);
    const job = instance.call(() => engine.start(query, documents, maxTokens, chunk));
    return { instance, job, documents: documents.length, done: 0 };
  }

  #score(slice: Slice): ScoredDocument[] {
    const { instance, job, documents } = slice;
    const first = this.#done;
    if (documents > 0) instance.call(() => job.step());
    const scored = instance.call(() => job.scored(slice.done));
    slice.done += scored.length;
    this.#done += scored.length;
    if (scored.length > 0) this.#broken = 0;
    if (slice.done === documents) this.release();
    return scored.map((document, index) => ({ ...document, index: first + index }));
  }
}

function takeSlice(texts: string[], start: number): string[] {
  let [end, length] = [start, 0];
  for (; end < texts.length && end - start < sliceDocuments; end += 1) {
    length += texts[end]?.length ?? 0;
    if (length > sliceLength && end > start) break;
  }
  return texts.slice(start, end);
}
