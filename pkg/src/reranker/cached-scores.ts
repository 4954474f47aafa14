import { describeValue } from '../common/check.js';
import { callbackError, untilAborted } from '../common/deferred.js';
import { disposedError, withReason } from '../common/errors.js';
import { isObject } from '../common/kinds.js';
import type { RerankWarning } from '../common/loading.js';
import type { CachedScore, ScoreCache } from '../common/score-cache.js';
import type { RerankerStatistics } from '../common/types.js';
import type { Backend, ScoredDocument, ScoreTask } from '../engine/backend.js';
import { InOrder } from '../engine/in-order.js';
import type { Platform } from '../engine/platform.js';
import { fingerprint, keysOf } from './score-keys.js';

/** A model with the caller's cache of scores: only texts that it lacks are scored. A cache that fails costs a warning. */
export class CachedScores implements Backend {
  readonly #backend: Backend;
  readonly #cache: ScoreCache;
  readonly #warn: (warning: RerankWarning) => void;
  readonly #pause: Platform['pause'];
  #fingerprint: Promise<string> | undefined;
  #disposed = false;

  constructor(
    backend: Backend,
    cache: ScoreCache,
    warn: (warning: RerankWarning) => void,
    { pause }: Pick<Platform, 'pause'>,
  ) {
    this.#backend = backend;
    this.#cache = cache;
    this.#warn = warn;
    this.#pause = pause;
  }

  async run(task: ScoreTask): Promise<void> {
    const { texts, signal } = task;
    if (this.#disposed) throw disposedError();
    if (texts.length === 0) return this.#backend.run(task);
    const keys = await keysOf(await untilAborted(this.#model(), signal), task, this.#pause);
    const kept = await untilAborted(this.#read(keys), signal);
    if (this.#disposed) throw disposedError();
    const order = new InOrder<ScoredDocument>([...texts.keys()], task.onResult);
    const places = texts.flatMap((_, place) => (kept[place] ? [] : [place]));
    try {
      for (const [place, score] of kept.entries()) if (score) order.add(place, { ...score, index: place });
    } catch (cause) {
      throw callbackError(cause, 'onProgress');
    }
    // Without a call of the engine, one that is freed is not loaded.
    if (places.length > 0) await this.#scoreOthers(task, places, keys, order);
  }

  statistics(): Promise<RerankerStatistics> {
    return this.#backend.statistics();
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#backend.dispose();
  }

  async #scoreOthers(task: ScoreTask, places: number[], keys: string[], order: InOrder<ScoredDocument>): Promise<void> {
    const fresh: [string, CachedScore][] = [];
    const onResult = ({ index, ...score }: ScoredDocument) => {
      const place = places[index] as number;
      fresh.push([keys[place] as string, score]);
      order.add(place, { ...score, index: place });
    };
    try {
      await this.#backend.run({ ...task, texts: places.map((place) => task.texts[place] as string), onResult });
    } catch (error) {
      // The caller has the failure at once; the scores so far are right.
      void this.#write(fresh).catch(() => {});
      throw error;
    }
    await untilAborted(this.#write(fresh), task.signal);
  }

  #model(): Promise<string> {
    this.#fingerprint ??= fingerprint(this.#backend).catch((error: unknown) => {
      this.#fingerprint = undefined;
      throw error;
    });
    return this.#fingerprint;
  }

  async #read(keys: string[]): Promise<(CachedScore | undefined)[]> {
    try {
      const found: unknown = await this.#cache.get(keys);
      if (!Array.isArray(found) || found.length !== keys.length) {
        throw new TypeError(`\`get\` must return an array of ${keys.length}; it returned ${describeValue(found)}`);
      }
      return found.map((score: unknown) => (score === undefined || score === null ? undefined : checked(score)));
    } catch (cause) {
      this.#fail(cause, 'The documents are scored without it');
      return keys.map(() => undefined);
    }
  }

  async #write(entries: [string, CachedScore][]): Promise<void> {
    if (entries.length === 0) return;
    try {
      await this.#cache.set(entries);
    } catch (cause) {
      this.#fail(cause, 'The scores are not kept');
    }
  }

  #fail(cause: unknown, consequence: string): void {
    const message = `${withReason('`scoreCache` failed', cause)} ${consequence}.`;
    this.#warn({ code: 'score_cache_failed', message, cause });
  }
}

/** Returns a copy of a score from the cache. */
function checked(value: unknown): CachedScore {
  if (!isObject(value)) throw wrong(value);
  const { logit, score, tokens, truncated, window } = value;
  const isScore =
    [logit, score, tokens].every((number) => typeof number === 'number' && Number.isFinite(number)) &&
    typeof truncated === 'boolean';
  if (!isScore) throw wrong(value);
  const whole = { logit, score, tokens, truncated } as CachedScore;
  if (window === undefined || window === null) return whole;
  if (!isObject(window) || ![window.start, window.end].every(Number.isSafeInteger)) throw wrong(value);
  return { ...whole, window: { start: window.start as number, end: window.end as number } };
}

function wrong(value: unknown): TypeError {
  return new TypeError(`\`get\` must return what \`set\` received; it returned ${describeValue(value)}`);
}
