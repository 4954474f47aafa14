/** In milliseconds; timers that are set for longer go off at once. */
const longest = 2 ** 31 - 1;

/** Calls `late` once, after so many seconds, unless what it gives is called before. */
export function startTimer(seconds: number, late: () => void): () => void {
  const timer = setTimeout(late, Math.min(seconds * 1000, longest));
  return () => clearTimeout(timer);
}
