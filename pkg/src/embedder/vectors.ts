import { invalid, invalidValue } from '../common/check.js';

/** Returns the first `dimensions` numbers of a vector, scaled to length 1. */
export function cut(vector: Float32Array<ArrayBuffer>, dimensions: number): Float32Array<ArrayBuffer> {
  const head = vector.slice(0, dimensions);
  const length = Math.sqrt(dot(head, head));
  return length > 0 ? head.map((number) => number / length) : head;
}

/**
 * Returns the cosine of the angle between two vectors: 1 for the same direction.
 *
 * @throws `invalid_input` for vectors of different lengths
 */
export function similarity(a: ArrayLike<number>, b: ArrayLike<number>): number {
  for (const [name, vector] of Object.entries({ a, b })) {
    if (!isVector(vector)) throw invalidValue(name, 'a vector of numbers', vector);
  }
  if (a.length !== b.length) {
    throw invalid(`\`a\` and \`b\` must have as many numbers; they have ${a.length} and ${b.length}.`);
  }
  const lengths = Math.sqrt(dot(a, a)) * Math.sqrt(dot(b, b));
  return lengths > 0 ? dot(a, b) / lengths : 0;
}

function isVector(value: unknown): boolean {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
}

/** The sum runs in double precision from the first number to the last, so that its bits are the same everywhere. */
function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] as number) * (b[index] as number);
  return sum;
}
