const { Memory } = WebAssembly;

/**
 * A memory with room for the small model, eight threads (542 pages in all) and short documents. What a long one takes in
 * a thread varies by how far it is, between one megabyte and three.
 */
export class LittleMemory extends Memory {
  constructor({ initial, shared }) {
    super({ initial, maximum: initial + 600, shared });
  }
}
