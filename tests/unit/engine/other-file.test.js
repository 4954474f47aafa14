import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RerankError } from 'rerank-wasm';
import { slowModelWarning, withOtherFile } from '#internal/engine/other-file.js';

const int8 = { path: 'onnx/model_quantized.onnx', int8: true };
const fp32 = { path: 'onnx/model.onnx', int8: false };
const modelWith = (other, location = 'https://hub.example/model.onnx') => ({
  name: 'org/repo',
  files: [{ role: 'config' }, { role: 'model', location, other }],
});
const inDirectory = (other) => modelWith(other, 'file:///models/mine/onnx/model.onnx');

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

  it('names the int8 graph of the same directory', () => {
    const { message } = slowModelWarning(floats, inDirectory(int8), 400e6);
    assert.match(message, / Pass `file: 'onnx\/model_quantized\.onnx'`, which is in the same directory\.$/);
  });

  it('says where int8 graphs are if none is known beside a large float graph', () => {
    const found =
      "The model's graph has float weights, which take four times the memory of int8 ones and several times as long. `npx rerank-wasm models` lists models with int8 files, and `npx rerank-wasm convert` makes integers of float weights.";
    for (const other of [undefined, fp32]) {
      assert.equal(message(floats, other), found);
      assert.equal(slowModelWarning(floats, inDirectory(other), 400e6).message, found);
    }
  });

  it('says which operators are slow, the cost, and what to do', () => {
    const found =
      "The engine has no fast form of parts of this model's graph (24 MatMul, 12 Softmax), so that a pair takes two to seven times as long as in a graph of its fast families.";
    const families = 'a model of one of these families: `npx rerank-wasm models` lists some.';
    for (const other of [undefined, fp32]) assert.equal(message(slow, other, 1e6), `${found} Choose ${families}`);
    const file = "Try `file: 'onnx/model_quantized.onnx'`, an int8 graph in the same";
    assert.equal(message(slow, int8, 1e6), `${found} ${file} repository, or ${families}`);
    const local = slowModelWarning(slow, inDirectory(int8), 1e6);
    assert.deepEqual(local, { code: 'slow_model', message: `${found} ${file} directory, or ${families}` });
  });

  it('is one warning for a graph with slow operators and float weights', () => {
    const { message } = slowModelWarning({ ...slow, floatBytes: 300e6 }, modelWith(int8), 400e6);
    assert.match(message, /^The engine has no fast form .* Try `file: 'onnx\/model_quantized\.onnx'`/);
  });

  it('does not come for the usual files', () => {
    for (const other of [undefined, int8, fp32]) {
      assert.equal(message(fast, other), undefined);
      // Such as the product of a head.
      assert.equal(message({ ...fast, unfused: [['MatMul', 1]] }, other), undefined);
      assert.equal(message({ ...fast, floatBytes: 4e6 }, other), undefined);
    }
    for (const other of [undefined, int8, fp32]) assert.equal(message(floats, other, 90e6), undefined);
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
      "Model file: no. The same repository has `file: 'onnx/model.onnx'`, which has the name of such a form.",
    );
  });

  it('names another graph of the same directory', () => {
    assert.match(
      withOtherFile(refusal(ofForm), inDirectory(int8)).message,
      /The same directory has `file: 'onnx\/model_quantized\.onnx'`, which has the name of such a form\.$/,
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
