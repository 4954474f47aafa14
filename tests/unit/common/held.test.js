import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { Held } from '#internal/common/held.js';

const symbol = Symbol('symbol');

class Counter extends Held {
  #count = 0;

  get count() {
    return this.#count;
  }

  add() {
    this.#count += 1;
    return this.#count;
  }

  [symbol]() {
    return this.#count;
  }
}

class DoubleCounter extends Counter {
  add() {
    super.add();
    return super.add();
  }
}

describe('an object that a caller holds', () => {
  it('has methods and getters that need no `this`', () => {
    const counter = new Counter();
    const wrapped = new Proxy(counter, {});
    const { add, [symbol]: read } = counter;
    assert.deepEqual([add(), wrapped.add(), wrapped.count, read(), wrapped[symbol]()], [1, 2, 2, 2, 2]);
  });

  it('has the methods of its own class where a class overrides them', () => {
    const { add, [symbol]: read } = new DoubleCounter();
    assert.deepEqual([add(), read()], [2, 2]);
  });

  it('is apart from others of its class', () => {
    const [one, other] = [new Counter(), new Counter()];
    one.add();
    assert.deepEqual([one.count, other.count], [1, 0]);
  });

  it('lets a test put its own method in place of one', () => {
    const counter = new Counter();
    counter.add = () => 7;
    assert.equal(counter.add(), 7);
  });
});
