const { Memory } = WebAssembly;

/** A memory with room for the small model and little more. */
export class LittleMemory extends Memory {
  constructor({ initial, shared }) {
    super({ initial, maximum: initial + 800, shared });
  }
}
