// Measures each family of cross-encoders at MiniLM's size against onnxruntime-web in Chromium. It needs FAMILIES=1.
import { againstOnnxruntime } from '../against-onnxruntime.mjs';
import { families, inFp16, inFp32, inInt8, ofSentenceTransformers } from '../models.mjs';
import { pairs } from '../pair-inputs.mjs';
import { times } from '../rounds.mjs';

export async function speedOfFamilies(report, server) {
  for (const family of families()) {
    const short = { input: pairs(8, 128), rounds: times(5) };
    const long = { input: pairs(1, 512), rounds: times(5) };
    const floats = { '8x128': { ...short, rounds: times(3) } };
    const fp32 = inFp32(family);
    for (const race of [
      { name: family, model: inInt8(family), runs: { '8x128': short, '1x512': long } },
      { name: `${family}.eager_vnni`, model: ofSentenceTransformers(family), runs: { '8x128': short, '1x512': long } },
      { name: `${family}.fp32`, model: fp32, runs: floats },
      { name: `${family}.fp16`, model: inFp16(family), peerModel: fp32, runs: floats },
    ]) {
      await againstOnnxruntime(report, server, race);
    }
  }
}
