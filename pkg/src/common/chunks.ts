const pieceBytes = 1 << 20;

/** Cuts a chunk into pieces of a mebibyte: its sender may have made one chunk of a whole file. */
export function* piecesOf<Buffer extends ArrayBufferLike>(chunk: Uint8Array<Buffer>): Generator<Uint8Array<Buffer>> {
  for (let start = 0; start < chunk.length; start += pieceBytes) yield chunk.subarray(start, start + pieceBytes);
}

/** Iterates over the chunks of a stream, also where a stream itself is not iterable. */
export async function* chunksOf<Chunk>(stream: ReadableStream<Chunk>): AsyncGenerator<Chunk, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    // No reader is left for a failure of the stream.
    if (!ended) await reader.cancel().catch(() => {});
  }
}
