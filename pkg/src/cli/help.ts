/** How each command is used. */
export const help = {
  rank: `\
rerank-wasm [OPTIONS] QUERY [FILE...]

Ranks the lines of the files, or of standard input (no file, or -), by how well each answers QUERY, best first.
Piped, a line is: score, tab, place (file:line), tab, text.

  -n, --top-n N        only the N best
      --per-file       a document is a file, not a line; a line is then: score, tab, file
      --json           a JSON object on each line: index, score, logit, tokens, truncated, file, line, text
      --model MODEL    a published name, a directory or a base URL with Hugging Face's layout; mini is the package
                       rerank-wasm-mini, where that is installed (default: bge-reranker-base, 279 MB once)
      --chunk          a document that is too long is scored in windows, the best one counts; without it its end is cut
      --max-tokens N   most tokens of query and document together (default, and most: what the model takes)
      --hub URL        where published models are downloaded from (default: https://huggingface.co)
      --no-cache       keeps no download and reads none that was kept
  -h, --help
      --version

rerank-wasm verify     scores pairs whose scores are published, and compares (verify --help)
rerank-wasm cache      lists the downloads that are kept; cache clear removes them
rerank-wasm convert    is native: cargo run --release --features cli -- convert, in the repository

The command is the first word: to rank with such a word as QUERY, begin with --.
Exit codes: 0 done, 1 failed, 2 wrong arguments or files, 3 verify found differences, 130 Ctrl-C.
`,
  verify: `\
rerank-wasm verify [OPTIONS]

Downloads bge-reranker-base, scores pairs for which others have published scores, and prints expected, got, difference.

      --json           one JSON object: model, tolerance, rows, worst, mean, passed
      --model MODEL    the same model from elsewhere: a directory or a base URL
      --hub URL        a mirror of https://huggingface.co
      --no-cache       keeps no download and reads none that was kept
  -h, --help

Exit codes: 0 all within the tolerance, 3 not so, 1 failed, 2 wrong arguments.
`,
  cache: `\
rerank-wasm cache [list | clear] [--json]

Lists the downloads that are kept (size in bytes, tab, where it is from), or removes them. They lie in models below
$RERANK_WASM_CACHE, else below rerank-wasm in the user's directory for caches.
`,
} as const;
