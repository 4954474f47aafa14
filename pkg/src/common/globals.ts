// The global classes that public types name. A project needs the types of no platform to compile against the package:
// those of Node lack workers and WebAssembly, those of Cloudflare lack workers. `@ts-ignore` stays in the declarations.

/** Any object stands for the instances of a class that the project's types lack. To the compiler, all keys are theirs. */
type Known<Instance> = string extends keyof Instance ? object : Instance;

/** @ts-ignore */
export type AbortSignal = Known<globalThis.AbortSignal>;
/** @ts-ignore */
export type Blob = Known<globalThis.Blob>;
/** @ts-ignore */
export type ByteStream = Known<globalThis.ReadableStream<Uint8Array>>;
/** @ts-ignore */
export type Request = Known<globalThis.Request>;
/** @ts-ignore */
export type Response = Known<globalThis.Response>;
/** @ts-ignore */
export type URL = Known<globalThis.URL>;
/** @ts-ignore */
export type WasmModule = Known<globalThis.WebAssembly.Module>;
/** @ts-ignore */
export type Worker = Known<globalThis.Worker>;
