/** The chunks of a stream; iterating over the stream itself is not known everywhere. */
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
    // What a stream says that nobody reads any more is of no use.
    if (!ended) await reader.cancel().catch(() => {});
  }
}
