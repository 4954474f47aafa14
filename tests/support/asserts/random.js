/**
 * Makes a function that returns pseudo-random integers from 0 to below its argument. Equal seeds yield equal numbers.
 */
export function numbers(seed) {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
