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
rerank-wasm convert    makes a smaller file of a model, with fewer pieces and bits (convert --help)

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
  convert: `\
rerank-wasm convert --model DIRECTORY [OPTIONS] OUTPUT

Writes the model as one file, a bundle, to OUTPUT, and says how large it is, how much memory it will take and how far its
logits move. The same model and options give the same bytes, here and with the native command line.

      --model DIRECTORY      Hugging Face's layout: config.json, tokenizer.json, and onnx/model.onnx (float weights, which
                             become integers) or onnx/model_quantized.onnx; mini is the package rerank-wasm-mini
      --keep-pieces N        most pieces of the vocabulary
      --languages CODE,...   pieces in the letters of these languages, the more probable first: en,de
      --corpus FILE          the pieces that a text is made of, which come before those; more than one may be given
      --bits 8|4|mixed       of the encoder's weights; mixed (the default): 8, and 4 for those that it costs least, until
                             --max-memory is met
      --max-memory SIZE      what an isolate with the model may take, JavaScript included, such as 110MB
      --sample FILE          lines of query, tab, document, on which errors are measured and for which weights of 4 bits,
                             and all of a file with float weights, are rounded; without it those that are built in
      --rounding compensated|nearest
                             nearest does without the sample, in less time
      --shard SIZE           OUTPUT.0, OUTPUT.1 and so on, of at most that size, such as 25MiB, and OUTPUT.json, a list
      --name NAME            what the bundle calls the model (default: OUTPUT without its ending)
      --json                 one JSON object: bytes, pieces, four_bit_weights, matrix_weights, predicted_memory, error
  -h, --help

rerank-wasm convert --tokenizer FILE OUTPUT

Writes the compact form of a tokenizer.json with a unigram model, which takes its place and is ready several times sooner.

Single characters stay in any vocabulary, so every text can still be written. A file appears when all of it is there.
Exit codes: 0 done, 1 failed, 2 wrong arguments or files, 130 Ctrl-C.
`,
} as const;
