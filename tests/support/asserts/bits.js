/** The bits of float32 numbers, in hexadecimal: equal only where the numbers are the same, down to the sign of zero. */
export function bitsOf(numbers) {
  const floats = Float32Array.from(numbers);
  if (numbers.some((number, index) => !Object.is(number, floats[index]))) throw new Error('not float32 numbers');
  return Array.from(new Uint32Array(floats.buffer), (bits) => bits.toString(16).padStart(8, '0'));
}

/** Logits in the order of the documents. */
export function logitsByIndex(results) {
  return results.toSorted((left, right) => left.index - right.index).map(({ logit }) => logit);
}
