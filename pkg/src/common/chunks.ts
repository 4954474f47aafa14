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
