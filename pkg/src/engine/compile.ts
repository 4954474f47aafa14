import type { EngineSource } from '../common/choices.js';
import { RerankError, throwIfAborted, withReason } from '../common/errors.js';
import { isBytes } from '../common/kinds.js';
import { Connection, type RequestLimits, refuseHtml } from '../files/connection.js';
import { readDataUrl } from '../files/data-url.js';
import { noLocalFiles } from '../files/location.js';
import { Retries } from '../files/retry.js';
import { policyError } from '../instance/failures.js';
import { engineName, hasSimd } from '../instance/simd.js';
import type { Platform } from './platform.js';

/**
 * Compiles the engine that `source` stands for.
 *
 * @throws `unsupported_environment`, `invalid_input` for bytes that are not WebAssembly, `download_failed`, `aborted`
 */
export async function compileEngine(
  source: EngineSource,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') {
    const message = 'This platform has no WebAssembly, which the engine needs; use a browser or runtime that has it.';
    throw new RerankError('unsupported_environment', message);
  }
  try {
    const module = await compile(source, platform, signal);
    throwIfAborted(signal);
    return module;
  } catch (error) {
    throw explain(error, source);
  }
}

async function compile(source: EngineSource, platform: Platform, signal: AbortSignal | undefined) {
  if (source === undefined) return platform.defaultEngine(signal);
  if (typeof source === 'string') {
    if (source.startsWith('data:'))
      return WebAssembly.compile(await new Blob([...readDataUrl(source).chunks]).arrayBuffer());
    const url = source.endsWith('/') ? source + engineName() : source;
    if (!url.startsWith('file:')) return compileUrl(url, { signal });
    return WebAssembly.compile(await readLocalEngine(url, platform, signal));
  }
  return isBytes(source) ? WebAssembly.compile(source) : source;
}

async function readLocalEngine(url: string, platform: Platform, signal: AbortSignal | undefined): Promise<ArrayBuffer> {
  if (!platform.files) throw noLocalFiles(url);
  const file = await platform.files.open(new URL(url), signal);
  try {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of file.chunks) parts.push(new Uint8Array(chunk));
    return await new Blob(parts).arrayBuffer();
  } finally {
    file.close();
  }
}

function explain(cause: unknown, source: EngineSource): RerankError {
  if (cause instanceof RerankError) {
    if (cause.code !== 'model_not_found') return cause;
    return missing('The WebAssembly file of the engine is missing', cause);
  }
  if (!(cause instanceof WebAssembly.CompileError)) {
    const advice = 'free memory, or use a newer browser or runtime';
    const message = withReason('The engine cannot be compiled here', cause, advice);
    return new RerankError('unsupported_environment', message, { cause });
  }
  const forbidden = policyError(cause);
  if (forbidden) return forbidden;
  if (!hasSimd()) {
    const message = 'WebAssembly has no SIMD here, which the engine needs; use a newer browser or runtime.';
    return new RerankError('unsupported_environment', message, { cause });
  }
  if (typeof source === 'object') {
    const advice = "pass a file of this package's `dist/wasm`";
    return new RerankError('invalid_input', withReason('`wasm` is not WebAssembly', cause, advice), { cause });
  }
  return missing('The file of the engine is not WebAssembly', cause);
}

function missing(statement: string, cause: unknown): RerankError {
  const advice = "serve or copy the files of this package's `dist/wasm`, or pass one as `wasm`";
  return new RerankError('download_failed', withReason(statement, cause, advice), { cause });
}

/**
 * Fetches and compiles the engine at `url`. It compiles while bytes arrive if the server sends the right media type.
 *
 * @throws `download_failed`, `aborted`, and the errors of WebAssembly
 */
export async function compileUrl(url: string, limits: RequestLimits): Promise<WebAssembly.Module> {
  const retries = new Retries(limits.signal);
  for (;;) {
    try {
      return await compileOnce(url, limits);
    } catch (error) {
      await retries.wait(error);
    }
  }
}

async function compileOnce(url: string, limits: RequestLimits): Promise<WebAssembly.Module> {
  const connection = new Connection(url, limits);
  const response = await connection.request();
  try {
    if (response.headers.get('content-type') === 'application/wasm') return await connection.compile(response);
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for await (const chunk of refuseHtml(connection.body(response), url)) chunks.push(chunk);
    return await WebAssembly.compile(await new Blob(chunks).arrayBuffer());
  } finally {
    connection.close();
  }
}
