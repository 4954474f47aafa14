// The model takes 110 of an isolate's 128 MB, which leaves little for waiting bodies. 64 of the longest documents take about
// the CPU time that `cpu_ms` allows in wrangler.jsonc.
export const limits = { bodyBytes: 262_144, tokens: 32_768, queueTokens: 65_536, queueBytes: 1_048_576 };
