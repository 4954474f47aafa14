import type { EngineSource } from '../common/choices.js';
import { messageOf, RerankError, throwIfAborted } from '../common/errors.js';
import { isBytes } from '../common/kinds.js';
import { Connection, type RequestLimits, refuseHtml } from '../files/connection.js';
import { decodeDataUrl } from '../files/data-url.js';
import { Retries } from '../files/retry.js';
import { policyError } from '../instance/failures.js';
import { engineName, hasSimd } from '../instance/simd.js';
import type { Platform } from './platform.js';

/**
 * The compiled engine that `source` stands for.
 *
 * @throws `unsupported_environment`, `invalid_input` for bytes that are no engine, `download_failed`, `aborted`
 */
export async function compileEngine(
  source: EngineSource,
  platform: Platform,
  signal: AbortSignal | undefined,
): Promise<WebAssembly.Module> {
  if (typeof WebAssembly === 'undefined') {
    throw new RerankError('unsupported_environment', 'there is no WebAssembly here');
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
    if (source.startsWith('data:')) return WebAssembly.compile(decodeDataUrl(source));
    const url = source.endsWith('/') ? source + engineName() : source;
    if (!url.startsWith('file:')) return compileUrl(url, { signal });
    return WebAssembly.compile(await readLocalEngine(url, platform, signal));
  }
  return isBytes(source) ? WebAssembly.compile(source) : source;
}

async function readLocalEngine(url: string, platform: Platform, signal: AbortSignal | undefined): Promise<ArrayBuffer> {
  if (!platform.files) throw new RerankError('unsupported_environment', `no access to local files here: ${url}`);
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
  const message = messageOf(cause);
  if (cause instanceof RerankError) {
    if (cause.code !== 'model_not_found') return cause;
    return new RerankError('download_failed', `the engine is missing: ${message}`, { cause });
  }
  if (!(cause instanceof WebAssembly.CompileError)) {
    return new RerankError('unsupported_environment', `the engine cannot be compiled here: ${message}`, { cause });
  }
  const forbidden = policyError(cause);
  if (forbidden) return forbidden;
  if (!hasSimd()) {
    return new RerankError('unsupported_environment', 'WebAssembly has no SIMD here', { cause });
  }
  const code = typeof source === 'object' ? 'invalid_input' : 'download_failed';
  return new RerankError(code, `what should be the engine is not WebAssembly: ${message}`, { cause });
}

/**
 * Fetches and compiles the engine at `url`, while it arrives where the server sends the right media type.
 *
 * @throws `download_failed`, `aborted`, and what WebAssembly throws
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
