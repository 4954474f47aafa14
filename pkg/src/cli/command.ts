/** A subcommand. It receives the words after its name and returns the exit code. */
export type Command = (words: string[], signal: AbortSignal) => Promise<number>;

/** The exit codes. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** The arguments, or the files that they name, are wrong. */
  misused: 2,
  /** `verify` found scores outside the tolerance. */
  differs: 3,
} as const;
