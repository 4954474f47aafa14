import { RerankError } from './common/errors.js';
import { engineName, hasRelaxedSimd, threadsEngineName } from './instance/simd.js';

/**
 * Returns the URL of the fastest engine that runs here, beside the package's code.
 *
 * @throws `unsupported_environment` if the code does not know where it lies
 */
export function engineUrl(): URL {
  // Bundlers find files by this exact expression, so each file has one.
  return located(`wasm/${engineName()}`, 'wasm', () =>
    hasRelaxedSimd()
      ? new URL('./wasm/rerank-relaxed.wasm', import.meta.url)
      : new URL('./wasm/rerank.wasm', import.meta.url),
  );
}

/** Returns the URL of the fastest engine with threads that runs here, as {@link engineUrl} does. */
export function threadsEngineUrl(): URL {
  return located(`wasm/${threadsEngineName()}`, 'wasm', () =>
    hasRelaxedSimd()
      ? new URL('./wasm/rerank-threads.wasm', import.meta.url)
      : new URL('./wasm/rerank-threads-simd.wasm', import.meta.url),
  );
}

/**
 * Returns the URL of a file beside the code. In a bundle that is a script and no module, `import.meta` is empty, so `url`
 * throws. A script in CommonJS knows its directory.
 *
 * @throws `unsupported_environment`: the error names the option that takes another place
 */
export function located(path: string, option: string, url: () => URL): URL {
  try {
    return url();
  } catch (cause) {
    if (typeof __dirname === 'string') {
      return new URL(`file://${__dirname.replace(/[%?#]/g, encodeURIComponent)}/${path}`);
    }
    const found = `This script does not know its address, so it cannot find ${path}`;
    throw new RerankError('unsupported_environment', `${found}; pass \`${option}\`.`, { cause });
  }
}
