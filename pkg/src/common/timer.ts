/** In milliseconds; a timer that is set for longer fires at once. */
const longest = 2 ** 31 - 1;

/** A worker or thread that does not report within this time is treated as failed. */
export const startSeconds = 30;

/** What an error says of a worker or thread that did not report in time. */
export const silence = `it has not answered for ${startSeconds} s`;

/** Calls `late` once, after so many seconds, unless the function that it returns is called before. */
export function startTimer(seconds: number, late: () => void): () => void {
  const timer = setTimeout(late, Math.min(seconds * 1000, longest));
  return () => clearTimeout(timer);
}
