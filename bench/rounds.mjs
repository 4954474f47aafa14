/** Returns `count`, or 1 with QUICK=1, which only checks that everything runs. */
export function times(count) {
  return process.env.QUICK ? 1 : count;
}
