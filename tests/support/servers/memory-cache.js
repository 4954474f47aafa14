/**
 * A cache as a user might write one. `fails` names a step that fails. `open` counts the files that are being written.
 */
export class MemoryCache {
  fails;
  open = 0;
  #files = new Map();

  async read(key) {
    this.#check('read');
    const file = this.#files.get(key);
    if (!file) return undefined;
    const chunks = [...file.chunks];
    const stream = new ReadableStream({
      pull: (controller) => {
        this.#check('next');
        if (chunks.length === 0) controller.close();
        else controller.enqueue(chunks.shift());
      },
    });
    return { ...file.facts, stream };
  }

  async write(key) {
    this.#check('write');
    this.open += 1;
    const chunks = [];
    return {
      write: async (chunk) => {
        this.#check('append');
        chunks.push(chunk);
      },
      commit: async (facts) => {
        this.#check('commit');
        this.open -= 1;
        this.#files.set(key, { chunks, facts });
      },
      abort: async () => {
        this.open -= 1;
      },
    };
  }

  async delete(key) {
    this.#check('delete');
    this.#files.delete(key);
  }

  async list() {
    return [...this.#files].map(([key, { facts }]) => ({ key, ...facts }));
  }

  #check(step) {
    if (this.fails === step) throw new DOMException(`${step}: no room`, 'QuotaExceededError');
  }
}
