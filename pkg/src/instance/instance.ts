import {
  disposedError,
  messageOf,
  RerankError,
  type RerankErrorCode,
  rerankErrorCodes,
  sentence,
  withReason,
} from '../common/errors.js';
import { type Bindings, createBindings, type Exports } from '../wasm/bindings.js';
import { isOutOfMemory, policyError } from './failures.js';
import type { ThreadPool } from './thread-pool.js';

/** Size of a WebAssembly page in bytes. */
export const pageBytes = 1 << 16;

/** The instance crashed in an earlier call. */
export class CrashedError extends RerankError {}

/** All that an instance without threads holds, for another instance of the same module. */
export interface InstanceCopy {
  memory: ArrayBuffer;
  /** Places for JavaScript's values. None of them holds a value between two calls. */
  references: number;
}

/** One instance of the engine. It maps the engine's errors, and refuses every call after a crash. */
export class Instance {
  readonly bindings: Bindings;
  readonly #memory: WebAssembly.Memory;
  readonly #pool: ThreadPool | undefined;
  readonly #references: WebAssembly.Table | undefined;
  /** Set once the instance has crashed or was closed. */
  #crash: RerankError | undefined;

  private constructor(
    bindings: Bindings,
    memory: WebAssembly.Memory,
    { pool, references }: { pool?: ThreadPool; references?: WebAssembly.Table },
  ) {
    this.bindings = bindings;
    this.#memory = memory;
    this.#pool = pool;
    this.#references = references;
  }

  /** @throws `out_of_memory`, `unsupported_environment`, `invalid_input` for a module that is not the engine */
  static async start(module: WebAssembly.Module): Promise<Instance> {
    const bindings = createBindings();
    const { memory, ...exports } = await instantiate(bindings, module);
    const instance = new Instance(bindings, memory, { references: exports.__wbindgen_externrefs });
    instance.call(exports.__wasm_call_ctors);
    return instance;
  }

  /**
   * Starts an instance that holds what another instance of the module held when it was copied.
   *
   * @throws as {@link start}
   */
  static async startCopy(module: WebAssembly.Module, { memory: bytes, references }: InstanceCopy): Promise<Instance> {
    const bindings = createBindings();
    const { memory, __wbindgen_externrefs: table } = await instantiate(bindings, module);
    try {
      memory.grow((bytes.byteLength - memory.buffer.byteLength) / pageBytes);
      table.grow(references - table.length);
    } catch (cause) {
      throw noMemory(cause, 'use fewer threads');
    }
    // The copied memory is constructed already.
    new Uint8Array(memory.buffer).set(new Uint8Array(bytes));
    return new Instance(bindings, memory, { references: table });
  }

  /** Makes an instance that has further threads. */
  static withThreads(bindings: Bindings, memory: WebAssembly.Memory, pool: ThreadPool): Instance {
    return new Instance(bindings, memory, { pool });
  }

  /** Copies the instance between two calls; undefined if it has threads. */
  copy(): InstanceCopy | undefined {
    if (!this.#references) return undefined;
    try {
      return { memory: this.#memory.buffer.slice(0), references: this.#references.length };
    } catch (cause) {
      throw noMemory(cause, 'use fewer threads');
    }
  }

  /** How many threads the instance has, its first one included. */
  get threads(): number {
    return 1 + (this.#pool?.size ?? 0);
  }

  /** False once a call or a thread has left the instance in an unknown state. */
  get usable(): boolean {
    if (!this.#crash && this.#pool?.failure) this.#fail(this.#pool.failure);
    return this.#crash === undefined;
  }

  get memoryBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /** The cause of the crash. */
  get failure(): RerankError {
    return this.#crash ?? new RerankError('internal', 'The instance has not crashed.');
  }

  /** The failure of every call after the crash. */
  crashedError(): CrashedError {
    const { code, message } = this.failure;
    const advice = `The engine crashed in an earlier call; create a new reranker. ${message}`;
    return new CrashedError(code, advice, { cause: this.#crash });
  }

  /** Runs a call into the instance. Every such call passes through here. */
  call<Value>(action: () => Value): Value {
    if (!this.usable) throw this.crashedError();
    try {
      return action();
    } catch (cause) {
      const code = reportedCode(cause);
      if (code !== undefined) throw new RerankError(code, sentence(messageOf(cause)), { cause });
      const error = unreported(cause);
      for (const it of [cause, error]) settleStack(it);
      this.#fail(error);
      throw error;
    }
  }

  /**
   * Ends the instance; settles when its threads have ended. Its objects are not freed one by one, because an ending
   * thread may hold any of them. The memory is freed as a whole.
   */
  async close(): Promise<void> {
    this.#crash ??= disposedError();
    await this.#pool?.close();
  }

  #fail(error: RerankError): void {
    this.#crash = error;
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
      throw noMemory(cause, 'free memory or use a smaller model');
    }
    // WebKit checks the policy after it has compiled.
    const statement = 'The WebAssembly module is not the engine of this package version';
    const message = withReason(statement, cause, 'pass a file of its `dist/wasm`');
    throw policyError(cause) ?? new RerankError('invalid_input', message, { cause });
  }
}

function noMemory(cause: unknown, advice: string): RerankError {
  const message = withReason('The engine could not get its memory', cause, advice);
  return new RerankError('out_of_memory', message, { cause });
}

/** Returns the code that the engine put on its error; undefined if the instance did not survive. */
function reportedCode(error: unknown): RerankErrorCode | undefined {
  if (!(error instanceof Error) || 'poisoned' in error || !('code' in error)) return undefined;
  return rerankErrorCodes.find((code) => code === error.code);
}

/** Reads the stack of an error. Until then V8 keeps the objects on it alive, and with them the instance's memory. */
function settleStack(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}

function unreported(cause: unknown): RerankError {
  if (isOutOfMemory(cause)) {
    return new RerankError(
      'out_of_memory',
      'The engine ran out of memory; use a smaller model or a smaller `maxTokens`.',
      { cause },
    );
  }
  return new RerankError('internal', withReason('The engine crashed, which is a defect of rerank-wasm', cause), {
    cause,
  });
}
