import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { asTable } from '#internal/cli/verify/command.js';
import { compareScores, tolerance } from '#internal/cli/verify/compare.js';
import { publishedScores } from '#internal/cli/verify/published-scores.js';
import { miniFile } from '../../support/models/mini.js';
import { run } from '../../support/programs/command-line.js';
import { startHub } from '../../support/servers/hub.js';

const base = '/Xenova/bge-reranker-base/resolve/280bcc27a84e0b898c251e06fddb25171bd9b101';

function logitOf({ kind, expected }) {
  return kind === 'logit' ? expected : -Math.log(1 / expected - 1);
}

/** Makes a reranker that answers each published pair with its score plus `errors(position)`. */
function rerankerOff(errors) {
  return {
    async rerank(query, [document]) {
      const position = publishedScores.findIndex((score) => score.query === query && score.document === document);
      return [{ logit: logitOf(publishedScores[position]) + errors(position) }];
    },
  };
}

describe('rerank-wasm verify', () => {
  let cache;
  let hub;
  before(async () => {
    cache = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    hub = await startHub();
  });
  after(async () => {
    await hub.close();
    await rm(cache, { recursive: true });
  });

  const verify = (words) => run(['verify', ...words], { environment: { RERANK_WASM_CACHE: cache } });

  it('has scores with a source each, of pairs that are all different', () => {
    assert.equal(publishedScores.length, 20);
    assert.equal(new Set(publishedScores.map(({ query, document }) => `${query}\n${document}`)).size, 20);
    for (const { kind, expected, runtime, source } of publishedScores) {
      assert.ok(kind === 'logit' ? Math.abs(expected) < 12 : expected > 0 && expected < 1, `${expected}`);
      assert.ok(runtime && URL.canParse(source));
    }
  });

  it('passes a model that is as near as int8 weights allow', async () => {
    const seen = [];
    const onProgress = ({ done, total }) => seen.push(`${done}/${total}`);
    const comparison = await compareScores(
      rerankerOff((position) => (position % 2 ? 0.5 : -0.75)),
      publishedScores,
      {
        onProgress,
      },
    );
    assert.equal(comparison.passed, true);
    assert.ok(Math.abs(comparison.mean - 0.625) < 1e-9 && Math.abs(comparison.worst - 0.75) < 1e-9);
    assert.ok(Math.abs(comparison.rows[5].expectedLogit - 8.3937) < 1e-3);
    assert.ok(Math.abs(comparison.rows[5].difference - 0.5) < 1e-9);
    assert.deepEqual([seen.length, seen.at(-1)], [20, '20/20']);
    const table = asTable('a model', comparison, {});
    assert.match(table, / {3}6\.182 {4}5\.432 {3}-0\.750 {2}ok {3}what is panda\? \/ The giant panda/);
    assert.match(table, /mean difference 0\.625 \(at most 0\.8\), worst 0\.750 \(at most 2\): within the tolerance/);
  });

  const faults = {
    'one pair that is far off': (position) => (position === 3 ? tolerance.pair + 0.1 : 0),
    'pairs that are all somewhat off': () => tolerance.mean + 0.1,
    'a logit that is no number': (position) => (position === 3 ? Number.NaN : 0),
  };
  for (const [what, errors] of Object.entries(faults)) {
    it(`does not pass a model with ${what}`, async () => {
      const comparison = await compareScores(rerankerOff(errors), publishedScores);
      assert.equal(comparison.passed, false);
      const far = comparison.rows.filter(({ passed }) => !passed).map(({ expected }) => expected);
      assert.deepEqual(far, what.startsWith('pairs') ? [] : [publishedScores[3].expected]);
      assert.match(asTable('a model', comparison, {}), /OUTSIDE the tolerance/);
    });
  }

  it('says of another model that its scores are not the published ones, and exits with 3', async () => {
    const table = await verify(['--model', hub.model]);
    assert.deepEqual([table.errors, table.code], ['', 3]);
    const lines = table.output.trimEnd().split('\n');
    assert.equal(lines.length, 23);
    assert.match(
      lines[4],
      /^ {3}6\.182 +-?\d\.\d{3} +-?\d+\.\d{3} {2}(ok|FAR) +what is panda\? \/ The giant panda .*fp32\)$/,
    );
    assert.match(lines[22], /OUTSIDE the tolerance: these are not the published scores$/);
    const json = await verify(['--model', 'mini', '--json']);
    const { model, rows, passed, mean } = JSON.parse(json.output);
    assert.deepEqual([model, rows.length, passed, json.code], ['rerank-wasm-mini', 20, false, 3]);
    assert.ok(mean > tolerance.mean);
  });

  it('asks a mirror for the published model, and refuses other files in its place', async () => {
    for (const path of ['config.json', 'tokenizer.json', 'onnx/model_quantized.onnx']) {
      const bytes = await miniFile(path);
      hub.faults.set(`${base}/${path}`, (_, response) => response.end(bytes));
    }
    hub.requests.length = 0;
    const { output, errors, code } = await verify(['--hub', hub.url]);
    assert.deepEqual([output, code, hub.requests], ['', 1, [`${base}/config.json`]]);
    assert.match(errors, /^error: integrity_mismatch: .*config\.json\)\.\n$/);
  });
});
