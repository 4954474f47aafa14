// Measures each family of cross-encoders at MiniLM's size against onnxruntime-web in Chromium. It needs FAMILIES=1.
import { againstOnnxruntime } from '../against-onnxruntime.mjs';
import { families, inFp32, inInt8 } from '../models.mjs';
import { pairs } from '../pair-inputs.mjs';
import { times } from '../rounds.mjs';

export async function speedOfFamilies(report, server) {
  for (const family of families()) {
    const short = { input: pairs(8, 128), rounds: times(5) };
    const long = { input: pairs(1, 512), rounds: times(5) };
    const int8 = { name: family, model: inInt8(family), runs: { '8x128': short, '1x512': long } };
    const fp32 = { name: `${family}.fp32`, model: inFp32(family), runs: { '8x128': { ...short, rounds: times(3) } } };
    for (const race of [int8, fp32]) await againstOnnxruntime(report, server, race);
  }
}
