// Measures ms-marco-MiniLM-L-12-v2, a published file, against onnxruntime-web in Chromium.
import { againstOnnxruntime } from '../against-onnxruntime.mjs';
import { l12 } from '../models.mjs';
import { pairs } from '../pair-inputs.mjs';
import { times } from '../rounds.mjs';

/** onnxruntime is up to 1.6 from exact arithmetic. The logits spread from -11 to 9. */
const limit = 2;

export async function speedOfL12(report, server) {
  const runs = {
    '8x128': { input: pairs(8, 128), rounds: times(5) },
    '1x512': { input: pairs(1, 512), rounds: times(7) },
  };
  await againstOnnxruntime(report, server, { name: 'l12', model: l12, runs, limit });
}
