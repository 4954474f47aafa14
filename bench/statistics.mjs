export function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

export function mean(values) {
  return sum(values) / values.length;
}

/** Returns the mean distance of numbers from those at the same index. */
export function meanDistance(values, others) {
  return mean(values.map((value, index) => Math.abs(value - others[index])));
}

export function standardDeviation(values) {
  const centre = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}

export function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns the median over the rounds of one time ÷ the other of the same round: a slow minute slows both. */
export function pairedRatio(numerators, denominators) {
  return median(numerators.map((numerator, round) => numerator / denominators[round]));
}
