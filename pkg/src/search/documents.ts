import { invalid } from '../common/check.js';
import { callbackError, untilAborted } from '../common/deferred.js';
import type { Embedder } from '../common/embedding.js';
import { RerankError, throwIfAborted } from '../common/errors.js';
import { batchesOf } from './batches.js';
import { Collection } from './collection.js';
import { type Cutting, Embedding } from './embedding.js';
import type { KeywordIndex } from './keywords.js';
import { SegmentLog } from './log.js';
import type { Passages, Segment } from './segment.js';
import type { SearchStore } from './store.js';
import { Turns } from './turns.js';
import type { SearchDocument, SearchOptions, SearchStatistics, SearchWriteOptions } from './types.js';

/** What an index is opened with. */
export interface IndexParts {
  keywords: KeywordIndex | undefined;
  embedder: Promise<Embedder> | undefined;
  cutting: Cutting;
  /** The files that keep the index; undefined for one in memory. */
  store: SearchStore | undefined;
  onProgress: SearchOptions['onProgress'];
}

/** The place of a document that no segment holds. */
const nowhere = { segment: 0, bytes: 0 };

/** The documents, in memory and in files. Changes take turns. */
export class Documents {
  readonly collection: Collection;
  readonly #log: SegmentLog | undefined;
  readonly #parts: IndexParts;
  readonly #turns = new Turns();
  /** Changes that were begun and have not ended. */
  #changes = 0;
  #prepared: Promise<Embedding> | undefined;
  /** Ends what goes on without a caller. */
  readonly #ending = new AbortController();
  #closed: Promise<void> | undefined;

  private constructor(parts: IndexParts, collection: Collection, log: SegmentLog | undefined) {
    this.#parts = parts;
    this.collection = collection;
    this.#log = log;
    this.prepare().catch(() => {});
  }

  /** Takes the parts over. */
  static async open(parts: IndexParts): Promise<Documents> {
    const collection = new Collection(parts.keywords);
    try {
      const log = parts.store && (await SegmentLog.open(parts.store, collection));
      return new Documents(parts, collection, log);
    } catch (error) {
      await parts.store?.close();
      throw error;
    }
  }

  /**
   * Waits for the embedder, and embeds the documents that have no vectors of it. After a failure, the next call tries
   * again.
   */
  async prepare(): Promise<Embedding | undefined> {
    const { embedder } = this.#parts;
    if (!embedder) return undefined;
    this.#prepared ??= this.#turns
      .take(async () => this.#adopt(await untilAborted(embedder, this.#ending.signal)))
      .catch((error) => {
        this.#prepared = undefined;
        this.throwIfClosed();
        throw error;
      });
    return this.#prepared;
  }

  /** Returns the vector of a query; undefined without an embedder. */
  async vectorOf(query: string, signal: SearchWriteOptions['signal']): Promise<Float32Array | undefined> {
    return (await this.prepare())?.vectorOf(query, signal);
  }

  /** Adds documents; the later of two with one `id` counts. `make` is called when it is this change's turn. */
  async put(make: () => readonly SearchDocument[], { signal, onProgress }: SearchWriteOptions): Promise<void> {
    const waiting = this.prepare();
    await this.#change(waiting, signal, async (embedding) => {
      const documents = [...new Map(make().map((document) => [document.id, document])).values()];
      let done = 0;
      for (const batch of batchesOf(documents)) {
        await this.#putBatch(batch, embedding, signal);
        done += batch.length;
        report(onProgress, { done, total: documents.length });
      }
    });
  }

  async remove(ids: readonly string[], { signal, onProgress }: SearchWriteOptions): Promise<void> {
    // Nothing is embedded, but the order of the calls stays.
    const waiting = this.prepare().catch(() => undefined);
    await this.#change(waiting, signal, async () => {
      const removed = [...new Set(ids)].filter((id) => this.collection.entries.has(id));
      if (removed.length > 0) await this.#commit({ removed, documents: [] });
      report(onProgress, { done: ids.length, total: ids.length });
    });
  }

  /** Returns the document of this name. */
  document(id: string): SearchDocument {
    const document = this.collection.entries.get(id)?.document;
    if (document) return document;
    throw invalid('`changes` name a document that the index does not hold; add it first.');
  }

  /** Returns all documents. They belong to the index. */
  async all(): Promise<SearchDocument[]> {
    this.throwIfClosed();
    // A model that loads, or embeds documents again, leaves them as they are.
    if (this.#changes > 0) await this.#inTurn(Promise.resolve(undefined), undefined, async () => undefined);
    return Array.from(this.collection.entries.values(), ({ document }) => document);
  }

  async statistics(): Promise<SearchStatistics> {
    return this.#inTurn(this.prepare(), undefined, async (embedding) => {
      const { entries, chunks, bytes } = this.collection;
      return { documents: entries.size, chunks, bytes, model: embedding?.model };
    });
  }

  /** Ends changes before their next batch, and then closes the files. */
  close(): Promise<void> {
    this.#closed ??= this.#turns.take(async () => this.#parts.store?.close());
    this.#ending.abort();
    return this.#closed;
  }

  /** @throws `disposed` */
  throwIfClosed(): void {
    if (this.#closed) throw new RerankError('disposed', 'The search was disposed; create a new one.');
  }

  async #change(
    prepared: Promise<Embedding | undefined>,
    signal: SearchWriteOptions['signal'],
    work: (embedding: Embedding | undefined) => Promise<void>,
  ): Promise<void> {
    this.#changes += 1;
    try {
      await this.#inTurn(prepared, signal, work);
    } finally {
      this.#changes -= 1;
    }
  }

  /** Works after the changes that were begun before, with the embedder once it is `prepared`. */
  async #inTurn<Value>(
    prepared: Promise<Embedding | undefined>,
    signal: SearchWriteOptions['signal'],
    work: (embedding: Embedding | undefined) => Promise<Value>,
  ): Promise<Value> {
    prepared.catch(() => {});
    this.throwIfClosed();
    return this.#turns.take(async () => {
      const embedding = await untilAborted(prepared, signal as AbortSignal | undefined);
      this.#throwIfEnded(signal);
      return work(embedding);
    }, signal);
  }

  /** Embeds what another model embedded, or none. */
  async #adopt(embedder: Embedder): Promise<Embedding> {
    const embedding = await Embedding.of(embedder, this.#parts.cutting);
    const { signal } = this.#ending;
    const others = this.collection.useModel(embedding.key, embedding.dimensions);
    let done = 0;
    for (const batch of batchesOf(others.map(({ document }) => document))) {
      await this.#putBatch(batch, embedding, signal);
      done += batch.length;
      report(this.#parts.onProgress, { done, total: others.length });
    }
    return embedding;
  }

  async #putBatch(
    batch: readonly SearchDocument[],
    embedding: Embedding | undefined,
    signal: SearchWriteOptions['signal'],
  ): Promise<void> {
    this.#throwIfEnded(signal);
    const changed = batch.filter((document) => !this.#holds(document, embedding));
    if (changed.length === 0) return;
    const kept = changed.map((document) => this.#unchanged(document, embedding));
    const others = changed.flatMap(({ text }, index) => (kept[index] ? [] : [text]));
    const made = embedding ? await embedding.passagesOf(others, signal) : others.map(whole);
    this.#throwIfEnded(signal);
    let used = 0;
    const documents = changed.map((document, index) => {
      return { document, passages: kept[index] ?? (made[used++] as Passages) };
    });
    await this.#commit({ removed: [], documents });
  }

  /** True if the index holds the document as it is. */
  #holds(document: SearchDocument, embedding: Embedding | undefined): boolean {
    const known = this.collection.entries.get(document.id);
    if (!known || (embedding && known.model !== embedding.key)) return false;
    return JSON.stringify(known.document) === JSON.stringify(document);
  }

  /** Returns the passages of a document if its text is in the index and has vectors of the model. */
  #unchanged({ id, text }: SearchDocument, embedding: Embedding | undefined): Passages | undefined {
    const known = this.collection.entries.get(id);
    if (known?.document.text !== text || (embedding && known.model !== embedding.key)) return undefined;
    return this.collection.passagesOf(known);
  }

  async #commit(segment: Segment): Promise<void> {
    if (this.#log) return this.#log.append(segment, this.collection);
    for (const id of segment.removed) this.collection.remove(id);
    for (const { document, passages } of segment.documents) this.collection.put(document, passages, nowhere);
  }

  #throwIfEnded(signal: SearchWriteOptions['signal']): void {
    this.throwIfClosed();
    throwIfAborted(signal as AbortSignal | undefined);
  }
}

/** A document without vectors is one passage. */
function whole(text: string): Passages {
  const ranges = Uint32Array.from(text.trim() === '' ? [] : [0, text.length]);
  return { model: '', dimensions: 0, ranges, scales: new Float32Array(0), codes: new Int8Array(0) };
}

function report(onProgress: SearchWriteOptions['onProgress'], progress: { done: number; total: number }): void {
  try {
    onProgress?.(progress);
  } catch (cause) {
    throw callbackError(cause, 'onProgress');
  }
}
