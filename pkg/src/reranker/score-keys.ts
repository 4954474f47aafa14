import { throwIfAborted } from '../common/errors.js';
import { Sha256 } from '../common/sha256.js';
import type { Backend, ScoreTask } from '../engine/backend.js';

const probeQuery = 'Größe?';

/** Letters, cases, accents, digits, signs and scripts that tokenizers treat in different ways. */
const probes = [
  'The QUICK brown fox paid $1,234.56 for naïve jalapeños – “isn’t” it?\tÅngström, ﬁne & ½.',
  '東京は日本の首都です。 Москва, Ελλάδα, مرحبا, नमस्ते, 안녕하세요, 😀 i İ ß ẞ e\u0301.',
];

/** So many UTF-16 code units are hashed in a turn of the event loop, or one longer text. */
const turnLength = 1 << 20;

const encoder = new TextEncoder();

/** Describes a model by what it answers. Other weights, another tokenizer or another graph answer something else. */
export async function fingerprint(backend: Backend): Promise<string> {
  const { maxTokens } = await backend.statistics();
  const answers: unknown[] = [maxTokens];
  await backend.run({
    request: { kind: 'score', query: probeQuery, maxTokens: undefined, chunk: false },
    texts: probes,
    onResult: ({ logit, tokens, truncated }) => void answers.push([logit, tokens, truncated]),
    signal: undefined,
  } satisfies ScoreTask);
  return JSON.stringify(answers);
}

/**
 * Returns the key of each text. It stands for all that a score depends on.
 *
 * @throws `aborted`
 */
export async function keysOf(
  model: string,
  { request, texts, signal }: ScoreTask,
  pause: () => Promise<void>,
): Promise<string[]> {
  const { query, maxTokens, chunk } = request;
  const keys: string[] = [];
  let hashed = 0;
  for (const text of texts) {
    if (hashed >= turnLength) {
      await pause();
      throwIfAborted(signal);
      hashed = 0;
    }
    const hash = new Sha256();
    // Unlike UTF-8, JSON keeps half a surrogate pair apart from another.
    hash.update(encoder.encode(JSON.stringify([1, model, maxTokens ?? null, chunk, query, text])));
    keys.push(hash.digest());
    hashed += query.length + text.length;
  }
  return keys;
}
