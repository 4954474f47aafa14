/** In milliseconds. A timer that is set for longer fires at once. */
const longest = 2 ** 31 - 1;

/** A worker or thread that does not report within this time is treated as failed. */
export const startSeconds = 30;

/** Calls `late` after so many seconds. The function that it returns cancels that. */
export function startTimer(seconds: number, late: () => void): () => void {
  const timer = setTimeout(late, Math.min(seconds * 1000, longest));
  return () => clearTimeout(timer);
}
