/** How often to measure: `count` times, or once with QUICK=1, which only shows that everything runs. */
export function times(count) {
  return process.env.QUICK ? 1 : count;
}
