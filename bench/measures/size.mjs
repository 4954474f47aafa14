// Measures the download size of an engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';

import { engines, repository } from '../paths.mjs';

const { BROTLI_PARAM_QUALITY: quality, BROTLI_PARAM_LGWIN: window } = constants;

export async function size(report) {
  const sizes = Object.values(engines).map(async (file) => {
    const bytes = readFileSync(join(repository, file));
    return (await promisify(brotliCompress)(bytes, { params: { [quality]: 11, [window]: 24 } })).length;
  });
  report.add('wasm_brotli_mb', Math.max(...(await Promise.all(sizes))) / 1e6, 'MB');
}
