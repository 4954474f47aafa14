/** Longer names are no misspelt option; comparing them would take long. */
const longestName = 40;

/**
 * Returns the known name that a wrong one probably stands for; undefined if none is similar. Case, `_` and `-` do not
 * count, so `top_n` is `topN`.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  if (name.length > longestName) return undefined;
  let nearest: { name: string; share: number } | undefined;
  for (const each of known) {
    const share = distance(plain(name), plain(each)) / Math.max(name.length, each.length);
    if (share <= mostDifferent && (!nearest || share < nearest.share)) nearest = { name: each, share };
  }
  return nearest?.name;
}

/** The share of letters that may differ. */
const mostDifferent = 0.4;

function plain(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** Counts the letters to insert, remove, replace or swap with their neighbour: the optimal string alignment distance. */
function distance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (last[column - 1] as number) + (left[row - 1] === right[column - 1] ? 0 : 1);
      const shifted = Math.min(last[column] as number, current[column - 1] as number) + 1;
      const isSwap = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      const swapped = row > 1 && column > 1 && isSwap ? (beforeLast[column - 2] as number) + 1 : replaced;
      current.push(Math.min(replaced, shifted, swapped));
    }
    [beforeLast, last] = [last, current];
  }
  return last[right.length] as number;
}
