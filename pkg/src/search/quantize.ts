/** The largest code. */
const most = 127;

/** Rounds a vector to codes of eight bits. Writes them to `codes` and returns their scale. */
export function quantize(vector: Float32Array, codes: Int8Array): number {
  let largest = 0;
  for (const value of vector) largest = Math.max(largest, Math.abs(value));
  if (!(largest > 0)) return 0;
  for (let index = 0; index < vector.length; index += 1) {
    codes[index] = Math.round((most * (vector[index] as number)) / largest);
  }
  return largest / most;
}
