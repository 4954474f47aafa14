/** A subcommand: takes the words after its name, gives the exit code. */
export type Command = (words: string[], signal: AbortSignal) => Promise<number>;

/** What the command line ends with. */
export const exitCodes = {
  done: 0,
  failed: 1,
  /** The words, or the files that they name, are wrong. */
  misused: 2,
  /** `verify` found a score that is not the published one. */
  differs: 3,
} as const;
