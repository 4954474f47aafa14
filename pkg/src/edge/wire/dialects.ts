import { check } from './check-schema.js';
import type { Dialect, RankingRequest, SchemaFacts } from './dialect.js';
import { rerankPaths, scorePaths } from './endpoints.js';
import { huggingFaceDialects } from './hugging-face.js';
import { rerankDialects } from './rerank.js';
import { scoreDialects } from './score.js';
import { workersAiDialect } from './workers-ai.js';

/** The dialects of a handler. */
export interface Dialects {
  /** All of them, each once. */
  all: readonly Dialect[];
  /** Those that a path takes. */
  at(path: string): readonly Dialect[];
  /**
   * Reads a body in its dialect.
   *
   * @throws `invalid_value`, `unknown_field`, `too_many_documents`
   */
  read(path: string, body: unknown): { dialect: Dialect; request: RankingRequest };
}

type Fields = Record<string, unknown>;

/** A dialect, and what tells its bodies from those of the dialects after it. */
type Choice = readonly [dialect: Dialect, tells: (body: Fields) => boolean];

const has = (name: string) => (body: Fields) => Object.hasOwn(body, name);
const always = () => true;

/**
 * Makes the dialects of a handler. The path and the fields of a body choose its dialect; `docs/http-endpoint.md` has
 * the same table.
 */
export function dialects(facts: SchemaFacts): Dialects {
  const { rerank, byFields, voyage } = rerankDialects(facts);
  const { tei, ranking, pairs } = huggingFaceDialects(facts);
  const { texts, queries } = scoreDialects(facts);
  const workersAi = workersAiDialect(facts);

  const isVoyages = ({ documents, ...others }: Fields) =>
    Array.isArray(documents) &&
    documents.every((document) => typeof document === 'string') &&
    Object.keys(others).every((name) => Object.hasOwn(voyage.request.properties ?? {}, name));

  const ofRerank: readonly Choice[] = [
    [byFields, ({ rank_fields }) => rank_fields !== undefined && rank_fields !== null],
    [voyage, isVoyages],
    [rerank, has('documents')],
    [workersAi, has('contexts')],
    [tei, has('texts')],
    [pairs, ({ inputs }) => Array.isArray(inputs)],
    [ranking, has('inputs')],
    [rerank, always],
  ];
  const ofScore: readonly Choice[] = [
    [queries, (body) => has('queries')(body) || has('documents')(body)],
    [texts, always],
  ];
  // Only Cohere has a second version.
  const ofSecondVersion = ofRerank.filter(([dialect]) => dialect !== voyage);
  const choices = new Map<string, readonly Choice[]>([
    ...Object.keys(rerankPaths).map((path) => [path, path === '/v2/rerank' ? ofSecondVersion : ofRerank] as const),
    ...scorePaths.map((path) => [path, ofScore] as const),
  ]);
  const at = (path: string) => [...new Set(choices.get(path)?.map(([dialect]) => dialect))];
  return {
    all: [...new Set([...choices.keys()].flatMap(at))],
    at,
    read(path, body) {
      const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
      const fields = isObject ? (body as Fields) : {};
      const [dialect] = choices.get(path)?.find(([, tells]) => tells(fields)) ?? [rerank];
      check(body, dialect.request);
      return { dialect, request: dialect.read(body) };
    },
  };
}
