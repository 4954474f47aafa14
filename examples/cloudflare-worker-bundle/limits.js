// Of an isolate's 128 MB the model takes 110 and leaves little to bodies that wait; 64 of the longest documents cost about
// as much CPU time as the wrangler projects allow.
export const limits = { bodyBytes: 262_144, tokens: 32_768, queueTokens: 65_536, queueBytes: 1_048_576 };
