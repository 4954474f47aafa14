import { disposedError } from '#internal/common/errors.js';

const facts = { model: 'fake', maxTokens: 512, memoryBytes: 10, threads: 1, kernel: 'x', unfused: {} };

/** The score that the fake model has for a text: its length. */
export const scoreOf = (text) => ({ logit: text.length, score: 1 / (1 + text.length), tokens: 4, truncated: false });

/**
 * A backend that takes a text's length as its logit. It notes each call's texts. `change` changes a score; `ready` is awaited
 * before each document.
 */
export function fakeBackend({ change = (score) => score, ready = async () => {} } = {}) {
  const noted = { calls: [], disposed: 0 };
  return {
    noted,
    async run({ texts, onResult }) {
      noted.calls.push(texts);
      for (const [index, text] of texts.entries()) {
        await ready(text);
        if (noted.disposed > 0) throw disposedError();
        onResult({ index, ...change(scoreOf(text), text) });
      }
    },
    async statistics() {
      if (noted.disposed > 0) throw disposedError();
      return facts;
    },
    async dispose() {
      noted.disposed += 1;
    },
  };
}
