import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { useChromium } from '../../support/browsers/chromium.js';

/** The browser stops a frozen page, so the test cannot ask it how long it has been frozen. */
const frozenMilliseconds = 500;

/** Ranks with one thread. Then begins to rank with two, call after call, until `state.stop` is set. */
async function beginsToRank() {
  const { createReranker, mini, mixedDocuments } = await import('/site/tools.js');
  const rank = (reranker, onProgress) => reranker.rerank('Where do boats go?', mixedDocuments(), { onProgress });
  const alone = await createReranker({ model: mini, threads: 1 });
  const expected = await rank(alone);
  await alone.dispose();
  const reranker = await createReranker({ model: mini, threads: 2 });
  const { threads } = await reranker.statistics();
  const state = { events: [], done: 0, stop: false };
  globalThis.state = state;
  const notes = (event) => () => state.events.push(event ?? document.visibilityState);
  for (const event of ['freeze', 'resume']) document.addEventListener(event, notes(event));
  document.addEventListener('visibilitychange', notes());
  const rankAgain = async () => {
    const results = [];
    while (!state.stop) results.push(await rank(reranker, () => (state.done += 1)));
    await reranker.dispose();
    return { results, expected, threads, events: state.events };
  };
  state.outcome = rankAgain();
  // `endsRanking` reports a failure.
  state.outcome.catch(() => {});
}

/** Waits until the page has the visibility and has scored some more documents. */
async function ranksWhile(visibility) {
  const wait = () => new Promise((resolve) => setTimeout(resolve, 20));
  while (document.visibilityState !== visibility) await wait();
  const { done, outcome } = globalThis.state;
  const scoresMore = async () => {
    while (globalThis.state.done < done + 3) await wait();
  };
  await Promise.race([scoresMore(), outcome]);
}

function endsRanking() {
  globalThis.state.stop = true;
  return globalThis.state.outcome;
}

for (const [what, isolated] of [
  ['threads', true],
  ['several engines', false],
]) {
  describe(`${what} in a page that is hidden, frozen and shown while it ranks`, () => {
    const chromium = useChromium({ isolated });

    it('rank on with the same bits', { timeout: 240_000 }, async () => {
      const tab = await chromium.openHideable('/site/');
      await tab.run(beginsToRank);
      await tab.run(ranksWhile, 'visible');
      await tab.hide();
      await tab.run(ranksWhile, 'hidden');
      await tab.freeze();
      await sleep(frozenMilliseconds);
      await tab.thaw();
      await tab.run(ranksWhile, 'hidden');
      await tab.show();
      await tab.run(ranksWhile, 'visible');
      const { results, expected, threads, events } = await tab.run(endsRanking);
      assert.deepEqual([threads, events], [2, ['hidden', 'freeze', 'resume', 'visible']]);
      assert.ok(results.length > 0);
      for (const result of results) assert.deepEqual(result, expected);
    });
  });
}
