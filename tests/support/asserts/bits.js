/** Returns the bits of float32 numbers in hexadecimal. Only equal numbers have equal bits, down to the sign of zero. */
export function bitsOf(numbers) {
  const floats = Float32Array.from(numbers);
  if (numbers.some((number, index) => !Object.is(number, floats[index])))
    throw new Error('A number is not a float32, so its bits cannot be compared.');
  return Array.from(new Uint32Array(floats.buffer), (bits) => bits.toString(16).padStart(8, '0'));
}

/** Returns the logits in the order of the documents. */
export function logitsByIndex(results) {
  return results.toSorted((left, right) => left.index - right.index).map(({ logit }) => logit);
}
