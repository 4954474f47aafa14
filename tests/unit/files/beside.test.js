import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { fileBeside } from '#internal/files/beside.js';

describe('a file with weights beside a graph', () => {
  const graph = { role: 'model', location: 'https://hub.example/a%20b/onnx/model.onnx?token=x#y' };

  it('is in its folder, and keeps the query', () => {
    const { role, location } = fileBeside(graph, 'model.onnx_data');
    assert.deepEqual([role, location], ['data', 'https://hub.example/a%20b/onnx/model.onnx_data?token=x#y']);
    const local = fileBeside({ role: 'model', location: 'file:///models/model.onnx' }, 'a#b %2f?.data');
    assert.equal(local.location, 'file:///models/a%23b%20%252f%3F.data');
  });

  it('has the facts of its name and the repository of the graph', () => {
    const facts = { size: 7, sha256: 'a'.repeat(64) };
    const origin = { repository: 'org/repo', revision: 'main' };
    const resolved = fileBeside({ ...graph, origin, beside: { 'w.data': facts } }, 'w.data');
    assert.deepEqual([resolved.size, resolved.sha256, resolved.origin], [7, facts.sha256, origin]);
    for (const name of ['other.data', 'toString', '__proto__']) {
      assert.equal(fileBeside({ ...graph, beside: { 'w.data': facts } }, name).size, undefined);
    }
  });

  for (const [location, found] of [
    [new Uint8Array(1), 'bytes'],
    [new Blob([]), 'a blob'],
    [() => new Response(), 'a response'],
    ['data:,x', 'a data: URL'],
    ['blob:https://page.example/1', 'blob:https://page.example/1'],
  ]) {
    it(`does not exist for ${found}`, () =>
      assert.throws(() => fileBeside({ role: 'model', location }, 'w.data'), {
        code: 'unsupported_model',
        message: `The weights of the model are in the file "w.data" beside its graph, which came as ${found}; pass the URL or the directory of the model, or a graph that holds its weights.`,
      }));
  }
});
