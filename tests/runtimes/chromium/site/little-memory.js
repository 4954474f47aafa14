const { Memory } = WebAssembly;

/**
 * A memory with room for the small model, eight threads (542 pages in all) and short documents. A long document takes
 * between one and three megabytes in a thread, depending on its progress.
 */
export class LittleMemory extends Memory {
  constructor({ initial, shared }) {
    super({ initial, maximum: initial + 600, shared });
  }
}
