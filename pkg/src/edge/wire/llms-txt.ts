import { bytesPerToken } from '../tokens.js';
import type { HandlerLimits } from '../types.js';
import { documentPaths } from './endpoints.js';

/** The facts in the text. */
export interface LlmsFacts {
  models: { rerankers: readonly string[]; embedders: readonly string[] };
  limits: Required<HandlerLimits>;
  basePath: string;
}

/** Describes the endpoints to language models, as Markdown (llmstxt.org). */
export function llmsText(facts: LlmsFacts): string {
  const { models, limits, basePath } = facts;
  const parts = [
    ...(models.rerankers.length > 0 ? [ranking(facts)] : []),
    ...(models.embedders.length > 0 ? [embeddings(facts)] : []),
  ];
  return `# rerank-wasm

${parts.join('\n\n')}
- One request: at most ${limits.documents} documents, ${limits.bodyBytes} bytes, ${limits.tokens} tokens (${bytesPerToken} bytes each).
- Errors are \`{"id", "message", "error": {"type", "code", "message", "param"}}\`. After 429 and 503 wait for \`retry-after\` seconds.
- If the server needs a key, send \`authorization: Bearer KEY\`.

## Reference

- [OpenAPI document](${basePath}${documentPaths.openapi})
- [Models](${basePath}${documentPaths.models})
`;
}

function ranking({ models, basePath }: LlmsFacts): string {
  return `> A cross-encoder reranker behind HTTP: it reads a query and each document together and returns the best documents first.

Send \`POST ${basePath}/v1/rerank\` (also \`${basePath}/v2/rerank\`, \`${basePath}/rerank\`) with \`content-type: application/json\`:

    {"query": "What is the capital of France?", "documents": ["Berlin is in Germany.", "Paris is in France."], "top_n": 1}

The answer has \`results: [{"index": 1, "relevance_score": 0.9}]\`: \`index\` is the position in \`documents\`, \`relevance_score\`
is between 0 and 1, and the best is first.

- Documents are strings or objects with a \`text\`. Optional: \`model\` (${models.rerankers.join(', ')}), \`top_n\` or \`top_k\`,
  \`return_documents\`, \`max_tokens_per_doc\`, \`raw_scores\` (logits). Unknown fields are refused.
- \`{"query", "contexts": [{"text"}], "top_k"}\` returns \`{"response": [{"id", "score"}]}\`.
- \`{"query", "texts", "raw_scores", "return_text"}\` returns \`[{"index", "score", "text"}]\`.
- \`POST ${basePath}/v1/score\` with \`{"text_1", "text_2"}\` returns \`{"data": [{"index", "score"}]}\`, in the order of the request.`;
}

function embeddings({ models, basePath }: LlmsFacts): string {
  return `> An embedding model behind HTTP, in the form of OpenAI: it turns texts into vectors of length 1.

Send \`POST ${basePath}/v1/embeddings\` with \`content-type: application/json\`:

    {"input": ["Berlin is in Germany.", "Paris is in France."], "input_type": "document"}

The answer has \`data: [{"index": 0, "embedding": [0.1, …]}]\` in the order of \`input\`.

- \`input\` is a text or a list. Optional: \`model\` (${models.embedders.join(', ')}), \`input_type\` (\`query\` or \`document\`),
  \`dimensions\`, \`encoding_format\` (\`float\` or \`base64\`), \`truncation\`. Unknown fields are refused.`;
}
