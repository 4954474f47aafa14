import { disposedError, messageOf, RerankError, type RerankErrorCode, rerankErrorCodes } from '../common/errors.js';
import { type Bindings, createBindings, type Exports } from '../wasm/bindings.js';
import { isOutOfMemory, policyError } from './failures.js';
import type { ThreadPool } from './thread-pool.js';

/** The instance broke in an earlier call. */
export class BrokenError extends RerankError {}

/** One instance of the engine. It maps what the engine throws, and bars the way once the instance is broken. */
export class Instance {
  readonly bindings: Bindings;
  readonly #memory: WebAssembly.Memory;
  readonly #pool: ThreadPool | undefined;
  #broken: RerankError | undefined;

  private constructor(bindings: Bindings, memory: WebAssembly.Memory, pool?: ThreadPool) {
    this.bindings = bindings;
    this.#memory = memory;
    this.#pool = pool;
  }

  /** @throws `out_of_memory`, `unsupported_environment`, `invalid_input` for a module that is not the engine */
  static async start(module: WebAssembly.Module): Promise<Instance> {
    const bindings = createBindings();
    const { memory, __wasm_call_ctors: construct } = await instantiate(bindings, module);
    const instance = new Instance(bindings, memory);
    instance.call(construct);
    return instance;
  }

  /** An instance that has threads besides its own. */
  static withThreads(bindings: Bindings, memory: WebAssembly.Memory, pool: ThreadPool): Instance {
    return new Instance(bindings, memory, pool);
  }

  /** How many threads the engine has. */
  get threads(): number {
    return 1 + (this.#pool?.size ?? 0);
  }

  /** False once a call or a thread has left the instance in a state that nobody knows. */
  get usable(): boolean {
    if (!this.#broken && this.#pool?.failure) this.#break(this.#pool.failure);
    return this.#broken === undefined;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** What broke the instance. */
  get failure(): RerankError {
    return this.#broken ?? new RerankError('internal', 'it did not break');
  }

  /** The failure of every call once the instance is broken. */
  brokenError(): BrokenError {
    const { code, message } = this.failure;
    return new BrokenError(code, `the engine broke earlier, create a new reranker: ${message}`, {
      cause: this.#broken,
    });
  }

  /** Runs a call into the engine; every such call goes through here. */
  call<Value>(action: () => Value): Value {
    if (!this.usable) throw this.brokenError();
    try {
      return action();
    } catch (cause) {
      const code = reportedCode(cause);
      if (code !== undefined) throw new RerankError(code, messageOf(cause), { cause });
      const error = unreported(cause);
      for (const it of [cause, error]) settleStack(it);
      this.#break(error);
      throw error;
    }
  }

  /**
   * Ends the instance; settles when its threads have ended. Nothing in it is freed one by one: a thread may hold anything
   * when it ends, and the memory goes as a whole.
   */
  async close(): Promise<void> {
    this.#broken ??= disposedError();
    await this.#pool?.close();
  }

  /** Its threads are of no use to anybody. */
  #break(error: RerankError): void {
    this.#broken = error;
    void this.#pool?.close();
  }
}

/** @throws `out_of_memory`, `unsupported_environment`, `invalid_input` for a module that is not the engine */
export async function instantiate(
  bindings: Bindings,
  module: WebAssembly.Module,
  memory?: WebAssembly.Memory,
): Promise<Exports> {
  try {
    return await bindings({ module_or_path: module, ...(memory && { memory }) });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new RerankError('out_of_memory', `no memory for the engine: ${cause.message}`, { cause });
    }
    // WebKit compiles first and asks the policy then.
    throw (
      policyError(cause) ??
      new RerankError('invalid_input', `this is not the engine of this version: ${messageOf(cause)}`, { cause })
    );
  }
}

/** The code that the engine gave its error; undefined where the instance did not survive it. */
function reportedCode(error: unknown): RerankErrorCode | undefined {
  if (!(error instanceof Error) || 'poisoned' in error || !('code' in error)) return undefined;
  return rerankErrorCodes.find((code) => code === error.code);
}

/** Until its stack is read for the first time, an error of V8 holds what is on it, and with it the instance's memory. */
function settleStack(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

function unreported(cause: unknown): RerankError {
  if (isOutOfMemory(cause)) {
    return new RerankError('out_of_memory', 'the engine ran out of memory', { cause });
  }
  return new RerankError('internal', `the engine failed: ${messageOf(cause)}`, { cause });
}
