/** The inspector of a worker. It reports what the worker's isolate holds. */
export class Inspector {
  #socket;
  #answers = new Map();
  #lastId = 0;
  #context;

  /** Connects to the worker that is listed at `url`. */
  static async connect(url) {
    const targets = await (await fetch(`http://${url.host}/json`)).json();
    const inspector = new Inspector();
    const target = targets.find(({ id }) => id.endsWith('user:')) ?? targets[0];
    inspector.#socket = new WebSocket(target.webSocketDebuggerUrl);
    inspector.#socket.addEventListener('message', ({ data }) => {
      const { id, result, error, method, params } = JSON.parse(data);
      if (method === 'Runtime.executionContextCreated') inspector.#context = params.context.id;
      const answer = inspector.#answers.get(id);
      inspector.#answers.delete(id);
      if (error) answer?.reject(new Error(error.message));
      else answer?.resolve(result);
    });
    await new Promise((resolve, reject) => {
      inspector.#socket.addEventListener('open', resolve);
      inspector.#socket.addEventListener('error', () => reject(new Error(`No inspector answers at ${url}.`)));
    });
    await inspector.#ask('Runtime.enable');
    return inspector;
  }

  #ask(method, params = {}) {
    this.#lastId += 1;
    this.#socket.send(JSON.stringify({ id: this.#lastId, method, params }));
    return new Promise((resolve, reject) => this.#answers.set(this.#lastId, { resolve, reject }));
  }

  /**
   * Returns the bytes of the JavaScript heap that are in use, garbage included. `external` counts the bytes outside the
   * heap that its objects keep: array buffers, and V8's estimate for compiled WebAssembly. The memories of WebAssembly
   * instances do not count.
   */
  async usage() {
    const { usedSize, backingStorageSize } = await this.#ask('Runtime.getHeapUsage');
    return { heap: usedSize, external: backingStorageSize };
  }

  /** Returns the bytes of all memories of WebAssembly instances. */
  async memoryBytes() {
    const { result } = await this.#ask('Runtime.evaluate', {
      expression: 'WebAssembly.Memory.prototype',
      contextId: this.#context,
    });
    const { objects } = await this.#ask('Runtime.queryObjects', { prototypeObjectId: result.objectId });
    const sum = 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }';
    const answer = await this.#ask('Runtime.callFunctionOn', {
      objectId: objects.objectId,
      functionDeclaration: sum,
      returnByValue: true,
    });
    return answer.result.value;
  }

  close() {
    this.#socket.close();
  }
}
