import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RerankError } from 'rerank-wasm';
import { slowModelWarning, withOtherFile } from '#internal/engine/other-file.js';

const int8 = { path: 'onnx/model_quantized.onnx', int8: true };
const fp32 = { path: 'onnx/model.onnx', int8: false };
const modelWith = (other) => ({ name: 'org/repo', files: [{ role: 'config' }, { role: 'model', other }] });

describe('the warning of a slow model', () => {
  const fast = { unfused: [], isSlow: false, floatBytes: 0 };
  const floats = { ...fast, floatBytes: 300e6 };
  const slow = {
    ...fast,
    isSlow: true,
    unfused: [
      ['MatMul', 24],
      ['Softmax', 12],
    ],
  };
  const message = (speed, other, bytes = 400e6) => slowModelWarning(speed, modelWith(other), bytes)?.message;

  it('names the int8 graph beside a large float graph, and the cost', () => {
    assert.deepEqual(slowModelWarning(floats, modelWith(int8), 400e6), {
      code: 'slow_model',
      message:
        "The model's graph has float weights, which take four times the memory of int8 ones and several times as long. Pass `file: 'onnx/model_quantized.onnx'`, which is in the same repository.",
    });
  });

  it('says which operators are slow, the cost, and what to do', () => {
    const found =
      "The engine has no fast form of parts of this model's graph (24 MatMul, 12 Softmax), so that a pair takes two to seven times as long as in a graph of its fast families.";
    for (const other of [undefined, fp32, int8]) {
      assert.equal(message(slow, other, 1e6), `${found} Choose a model of one of these families.`);
    }
  });

  it('does not come for the usual files', () => {
    for (const other of [undefined, int8, fp32]) {
      assert.equal(message(fast, other), undefined);
      // Such as the product of a head.
      assert.equal(message({ ...fast, unfused: [['MatMul', 1]] }, other), undefined);
      assert.equal(message({ ...fast, floatBytes: 4e6 }, other), undefined);
    }
    assert.equal(message(floats, undefined), undefined);
    assert.equal(message(floats, fp32), undefined);
    assert.equal(message(floats, int8, 90e6), undefined);
  });
});

describe('the refusal of a form of graphs', () => {
  const refusal = (cause, code = 'unsupported_model') => new RerankError(code, 'Model file: no.', { cause });
  const ofForm = Object.assign(new Error('no'), { otherForm: true });

  it('names another graph of the same repository', () => {
    const error = withOtherFile(refusal(ofForm), modelWith(fp32));
    assert.deepEqual([error.code, error.cause], ['unsupported_model', ofForm]);
    assert.equal(
      error.message,
      "Model file: no. The same repository has `file: 'onnx/model.onnx'`, whose name is that of such a form.",
    );
  });

  it('stays as it is for another reason, or without another graph', () => {
    for (const [error, other] of [
      [refusal(ofForm), undefined],
      [refusal(new Error('no')), fp32],
      [refusal(ofForm, 'invalid_model'), fp32],
      [new Error('no'), fp32],
    ]) {
      assert.equal(withOtherFile(error, modelWith(other)), error);
    }
  });
});
