/** The most documents of a batch, and of their letters. A batch is written in one step. */
const mostDocuments = 32;
const mostLength = 1 << 15;

/** Cuts a list of documents into batches. A document that is long is a batch by itself. */
export function* batchesOf<Document extends { text: string }>(documents: readonly Document[]): Generator<Document[]> {
  let batch: Document[] = [];
  let length = 0;
  for (const document of documents) {
    const isFull = batch.length === mostDocuments || length + document.text.length > mostLength;
    if (batch.length > 0 && isFull) {
      yield batch;
      batch = [];
      length = 0;
    }
    batch.push(document);
    length += document.text.length;
  }
  if (batch.length > 0) yield batch;
}
