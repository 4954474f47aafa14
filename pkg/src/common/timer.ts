/** In milliseconds. A timer that is set for longer fires at once. */
const longest = 2 ** 31 - 1;

/** A worker or thread that does not report within this time is treated as failed. */
export const startSeconds = 30;

/** Calls `late` after so many seconds. The function that it returns cancels that. */
export function startTimer(seconds: number, late: () => void): () => void {
  const timer = setTimeout(late, Math.min(seconds * 1000, longest));
  return () => clearTimeout(timer);
}

/** Does the same after milliseconds, with a timer that keeps no process alive. */
export function startQuietTimer(milliseconds: number, late: () => void): () => void {
  const timer: unknown = setTimeout(late, Math.min(milliseconds, longest));
  // Node and Bun return an object, Deno a number as browsers do.
  (timer as { unref?(): void }).unref?.();
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: unknown): void } };
  if (typeof timer === 'number') Deno?.unrefTimer?.(timer);
  return () => clearTimeout(timer as number);
}
