import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { useWorkerd } from '../../support/programs/workerd.js';

/** Answers in the shape of Workers AI and of Vectorize. A vector has a one for the subject of a text. */
const script = `
  import { WorkerEntrypoint } from 'cloudflare:workers';
  const subjects = [/plan|subscription/, /train/, /dough/];
  const vectorOf = (text) => subjects.map((subject) => (subject.test(text) ? 1 : 0.1));
  const texts = {
    price: 'A plan costs nine euros.',
    cancel: 'You may end your plan at any time.',
    train: 'The last train leaves at midnight.',
    bread: 'Let the dough rise.',
  };
  export class Ai extends WorkerEntrypoint {
    async run(model, { text, pooling }) {
      if (model !== '@cf/baai/bge-small-en-v1.5') throw new Error('unknown model ' + model);
      if (pooling !== 'cls') throw new Error('the vectors are not those of the index');
      return { shape: [1, 3], data: [vectorOf(text)] };
    }
  }
  export class Vectorize extends WorkerEntrypoint {
    async query(vector, { topK, returnMetadata }) {
      if (returnMetadata !== 'all' || topK > 50) throw new Error('VECTOR_QUERY_ERROR');
      const score = (text) => vectorOf(text).reduce((sum, value, index) => sum + value * vector[index], 0);
      const matches = Object.entries(texts).map(([id, text]) => ({ id, score: score(text), metadata: { text } }));
      matches.sort((left, right) => right.score - left.score);
      return { count: Math.min(topK, matches.length), matches: matches.slice(0, topK) };
    }
  }
  export default { fetch: () => new Response('services') };
`;

describe('the example worker that searches with Vectorize', () => {
  const workerd = useWorkerd('examples/search-vectorize/index.js', {
    services: { script, entrypoints: { AI: 'Ai', VECTORIZE: 'Vectorize' } },
  });

  it('puts what Vectorize finds into the reranker’s order', async () => {
    for (let request = 0; request < 2; request += 1) {
      const response = await workerd.fetch('/?q=how+do+I+end+my+subscription');
      const hits = await response.json();
      assert.equal(response.status, 200, JSON.stringify(hits));
      assert.deepEqual(Object.keys(hits[0]), ['id', 'score', 'text']);
      assert.equal(hits[0].id, 'cancel');
      assert.equal(hits.length, 4);
      assert.ok(hits.every(({ score }, index) => index === 0 || score <= hits[index - 1].score));
    }
  });

  it('asks for a query', async () => assert.equal((await workerd.fetch('/')).status, 400));
});
