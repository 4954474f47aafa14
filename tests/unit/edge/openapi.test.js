import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OpenApiChecker } from '../../support/asserts/openapi.js';
import { numbers } from '../../support/asserts/random.js';
import { get, makeHandler, post } from '../../support/servers/handler.js';

const oddities = [
  null,
  true,
  false,
  0,
  1,
  -1,
  1.5,
  1e300,
  '',
  ' \n',
  'text',
  '7',
  [],
  ['text'],
  [7],
  [null],
  [[]],
  [{ text: 'text' }],
  [{ text: 7 }],
  ['a', { text: 'b', title: 7 }],
  Array(6).fill('x'),
  {},
  { text: 'text' },
];
const pairs = [
  ['text', 'text'],
  ['text', 'other'],
];
const ranking = { query: 'text', texts: ['text'] };
const lists = {
  documents: [{ text: 'text' }],
  contexts: [{ text: 'text' }],
  texts: ['text'],
  inputs: ranking,
};
const values = [...oddities, pairs, ranking, { ...ranking, top_n: 1 }, 'right', 'left', { raw_scores: true }];
const fields = [
  ...['query', 'documents', 'contexts', 'texts', 'inputs', 'parameters', 'model', 'top_n', 'top_k', 'topn', 'user'],
  ...['return_documents', 'return_text', 'max_tokens_per_doc', 'raw_scores', 'truncation', 'truncation_direction'],
];

function randomBody(below) {
  const pick = (list) => list[below(list.length)];
  if (below(20) === 0) return pick(oddities);
  const [list, content] = pick(Object.entries(lists));
  const body = { ...(list === 'inputs' ? {} : { query: 'text' }), [list]: content };
  for (let changes = below(4); changes > 0; changes -= 1) {
    const field = pick(fields);
    if (below(6) === 0) delete body[field];
    else body[field] = pick(values);
  }
  return body;
}

describe('the OpenAPI document', () => {
  const { ask } = makeHandler({ limits: { documents: 5 } });

  it('allows the bodies that the handler takes, and no others', async () => {
    const checker = new OpenApiChecker((await ask(get('/openapi.json'))).json);
    const below = numbers(1);
    const seen = new Map();
    for (let round = 0; round < 6000; round += 1) {
      const body = randomBody(below);
      const text = JSON.stringify(body);
      const { status } = await ask(post(text));
      seen.set(status, (seen.get(status) ?? 0) + 1);
      // The schema does not have the names of models.
      const expected = checker.accepts(JSON.parse(text)) ? [200, 404] : [422];
      assert.ok(expected.includes(status), `${status} for ${text}`);
    }
    for (const status of [200, 404, 422]) assert.ok(seen.get(status) > 20, `${status}: ${seen.get(status)}`);
  });

  it('knows the limits and the models of this handler', async () => {
    const { json } = await makeHandler({ models: ['mine'], limits: { documents: 77, bodyBytes: 12345 } }).ask(
      get('/openapi.json'),
    );
    assert.equal(json.components.schemas.RerankRequest.properties.documents.maxItems, 77);
    assert.match(json.paths['/v1/rerank'].post.description, /12345 bytes/);
    assert.match(json.info.description, /mine/);
  });

  it('names the refusals that this handler can give', async () => {
    const statusesWith = async (options) => {
      const { json } = await makeHandler(options).ask(get('/openapi.json'));
      return Object.keys(json.paths['/v1/rerank'].post.responses).map(Number);
    };
    const always = [200, 400, 404, 413, 415, 422, 500, 503];
    assert.deepEqual(await statusesWith({}), always);
    const hooks = { authenticate: () => 'x', authorize: () => true, rateLimit: () => true };
    assert.deepEqual(await statusesWith(hooks), [...always, 401, 402, 429].sort());
  });

  it('names each operation differently, and every reference leads somewhere', async () => {
    const { json, text } = await ask(get('/openapi.json'));
    const operations = Object.values(json.paths).flatMap((path) => Object.values(path));
    const names = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(names).size, names.length);
    for (const [, path] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      assert.ok(
        path.split('/').reduce((part, name) => part?.[name], json),
        path,
      );
    }
  });
});
