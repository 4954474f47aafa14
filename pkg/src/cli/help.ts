/** The help of each command. */
export const help: Readonly<Record<'rank' | 'search' | 'verify' | 'models' | 'cache' | 'convert', string>> = {
  rank: `\
rerank-wasm [OPTIONS] QUERY [FILE...]

Ranks the lines of the files, or of standard input (no file, or -), by how well each answers QUERY, best first.
Piped, a line is: score, tab, place (file:line), tab, text.

  -n, --top-n N        prints only the N best
      --per-file       ranks files instead of lines; a line is then: score, tab, file
      --json           prints a JSON object on each line: index, score, logit, tokens, truncated, file, line, text
      --model MODEL    a published name, org/repo or org/repo@revision of the Hugging Face hub, a directory or a base URL
                       with that layout; mini is the package rerank-wasm-mini, if that is installed (default:
                       bge-reranker-base, 296 MB once)
      --file PATH      the ONNX file in the repository, in the directory or below the base URL (default: the best that
                       the engine can run; below a URL onnx/model_quantized.onnx)
      --chunk          scores long documents in windows, of which the best one counts (default: cuts their end off)
      --max-tokens N   most tokens of query and document together (default and upper limit: the model's)
      --hub URL        downloads published models and repositories from there (default: the environment's HF_ENDPOINT,
                       else https://huggingface.co)
      --token TOKEN    access token for the hub; prefer the environment's HF_TOKEN, which other users cannot see and
                       which goes to the default hub alone
      --no-cache       neither reads nor writes the cache
  -h, --help
      --version

rerank-wasm search     finds passages in the files of a folder (search --help)
rerank-wasm verify     compares scores with published ones (verify --help)
rerank-wasm models     lists rerankers to choose from
rerank-wasm cache      lists the cached downloads; cache clear removes them
rerank-wasm convert    makes a model smaller, with fewer pieces and bits (convert --help)

A command is the first word. To rank with such a word as QUERY, begin with --.
Exit codes: 0 done, 1 failed, 2 wrong arguments or files, 3 verify found differences, 130 Ctrl-C.
`,
  search: `\
rerank-wasm search [OPTIONS] QUERY [FOLDER]

Finds passages in the text files of FOLDER (default: this one) in two stages. An embedding model and keywords find
candidates, and a reranker puts them in order. The index is made once and kept; later calls read what changed.
Piped, a line is: score, tab, place (file:line), tab, passage.

  -n, --top-n N        prints only the N best files (default: 10)
      --candidates N   passages that go on to the reranker (default: 50)
      --min-score S    leaves out what the reranker scores lower, from 0 to 1
      --no-rerank      prints what the first stage finds, without the reranker
      --json           prints a JSON object on each line: file, line, score, start, end, text, stages
      --embedder MODEL an embedding model: a published name, org/repo, a directory or a base URL; recall is the package
                       rerank-wasm-recall, if that is installed (default: bge-small-en-v1.5)
      --model MODEL    the reranker, as in rerank-wasm --help (default: bge-reranker-base)
      --file PATH      its ONNX file
      --hub URL        downloads models from there (default: the environment's HF_ENDPOINT, else https://huggingface.co)
      --token TOKEN    access token for the hub; prefer the environment's HF_TOKEN
      --no-cache       neither reads nor writes the cache, and keeps no index
  -h, --help

Files end in .txt, .text, .md, .markdown, .mdx, .rst, .adoc, .org or .tex, in UTF-8. Hidden files, node_modules and links
are left out. Keywords need the package minisearch beside rerank-wasm; without it, vectors alone find the candidates.
The index is in the directory search below $RERANK_WASM_CACHE, else below rerank-wasm in the user's cache directory.
Exit codes: 0 done, 1 failed, 2 wrong arguments or files, 130 Ctrl-C.
`,
  verify: `\
rerank-wasm verify [OPTIONS]

Downloads bge-reranker-base, scores pairs with published scores, and prints expected, got, difference.

      --json           prints one JSON object: model, tolerance, rows, worst, mean, passed
      --model MODEL    the same model from elsewhere: org/repo, a directory or a base URL
      --hub URL        a mirror of https://huggingface.co
      --file PATH      the ONNX file in the repository, in the directory or below the base URL that --model names
      --token TOKEN    access token for the hub; prefer the environment's HF_TOKEN
      --no-cache       neither reads nor writes the cache
  -h, --help

Exit codes: 0 all within the tolerance, 1 failed, 2 wrong arguments, 3 outside the tolerance.
`,
  models: `\
rerank-wasm models [--json]

Prints rerankers of the Hugging Face hub: the value for --model, licence, languages, longest pair in tokens, the file that
is chosen and its size. They are not tested with this engine, which says if it cannot run one. With --json, each line is a
JSON object: id, convertedFrom, licence, languages, tokens, file, megabytes.
`,
  cache: `\
rerank-wasm cache [list | clear] [--json]

Lists the cached downloads (size in bytes, tab, URL), or removes them. They are in the directory models below
$RERANK_WASM_CACHE, else below rerank-wasm in the user's cache directory.
`,
  convert: `\
rerank-wasm convert --model DIRECTORY [OPTIONS] OUTPUT

Writes the model as one file, a bundle, to OUTPUT. Prints its size, the memory that it will take and how far its logits
move. The same model and options make the same bytes, here and with the native command line.

      --model DIRECTORY      Hugging Face's layout: config.json, tokenizer.json, and onnx/model.onnx (float weights, which
                             become integers) or an int8 graph; mini is the package rerank-wasm-mini
      --keep-pieces N        most pieces of the vocabulary
      --languages CODE,...   keeps pieces in the letters of these languages, such as en,de, the more probable first
      --corpus FILE          keeps the pieces of this text first; the option may be repeated
      --bits 8|4|mixed       bits of the encoder's weights; mixed (default): 8, and 4 for the weights that it changes
                             least, until --max-memory is met
      --max-memory SIZE      memory of an isolate with the model, JavaScript included, such as 110MB
      --sample FILE          lines of query, tab, document; errors are measured on them, and weights of 4 bits and float
                             weights are rounded for them (default: a built-in sample)
      --rounding compensated|nearest
                             nearest ignores the sample and is faster
      --pooling cls|mean|max|lasttoken
                             converts an embedding model that pools so; float weights are rounded to the nearest
      --shard SIZE           writes OUTPUT.0, OUTPUT.1 …, each of at most SIZE (such as 25MiB), and the list OUTPUT.json
      --name NAME            the model's name in the bundle (default: OUTPUT without its ending)
      --json                 prints one JSON object: bytes, pieces, four_bit_weights, matrix_weights, predicted_memory,
                             error
  -h, --help

rerank-wasm convert --tokenizer FILE OUTPUT

Writes the compact form of a tokenizer.json with a unigram model. It replaces the file and loads several times faster.

Single characters stay in every vocabulary, so every text can still be tokenised. OUTPUT appears once it is complete.
Exit codes: 0 done, 1 failed, 2 wrong arguments or files, 130 Ctrl-C.
`,
};
