import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { DirectoryCache } from '#internal/cache/directory.js';

const block = 1 << 18;
const key = 'https://models.example/model.onnx';
const origin = { url: key, version: '"\u00e9tag"' };
const bytes = new Uint8Array(randomBytes(10 * block + 77));

describe('a file in a directory that was not completed', () => {
  let directory;
  let cache;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    cache = new DirectoryCache(directory);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const names = async (ending) => (await readdir(directory)).filter((name) => name.endsWith(ending)).sort();

  async function only(ending) {
    const found = await names(ending);
    assert.equal(found.length, 1, `${found}`);
    return join(directory, found[0]);
  }

  /** Writes the bytes in pieces of odd sizes. */
  async function write(writer, from, to = bytes.length) {
    for (let start = from; start < to; start += 100_003) {
      await writer.write(bytes.subarray(start, Math.min(to, start + 100_003)));
    }
  }

  /** Writes a file as a process does that is killed. */
  async function killed(to = bytes.length, name = key, id = 2 ** 31 - 1) {
    const before = await names('.part');
    const writer = await cache.write(name, origin);
    await write(writer, 0, to);
    const part = (await names('.part')).find((name) => !before.includes(name));
    const earlier = part.replace(/^(\w+)-\d+-\w+/, (_, machine) => `${machine}-${id}-1`);
    await rename(join(directory, part), join(directory, earlier));
    // It closes its files, and finds nothing to leave.
    await writer.suspend().catch(() => {});
  }

  async function contents(stream) {
    return Buffer.from(await new Response(stream).arrayBuffer());
  }

  /** Asserts that the first blocks were kept, and that the file can be completed behind them. */
  async function completes(blocks) {
    const file = await cache.resume(key);
    assert.deepEqual([file?.size, file?.url, file?.version], [blocks * block, origin.url, origin.version]);
    assert.ok((await contents(file.stream)).equals(bytes.subarray(0, file.size)));
    await write(file.writer, file.size);
    const facts = { url: key, size: bytes.length, sha256: '0'.repeat(64) };
    await file.writer.commit(facts);
    assert.ok((await contents((await cache.read(key)).stream)).equals(bytes));
    assert.deepEqual([await names('.part'), await names('.blocks')], [[], []]);
  }

  it('goes on behind its last whole block', async () => {
    await killed();
    await completes(10);
  });

  it('may be cut again and again', async () => {
    await killed(3 * block + 5);
    for (const [from, to] of [
      [3, 5],
      [5, 8],
    ]) {
      const { size, stream, writer } = await cache.resume(key);
      assert.equal(size, from * block);
      await stream.cancel();
      await write(writer, size, to * block + 9);
      await writer.suspend();
    }
    await completes(8);
  });

  const damages = {
    'a changed bit': [
      async () => {
        const changed = await readFile(await only('.part'));
        changed[7 * block + 5] ^= 4;
        await writeFile(await only('.part'), changed);
      },
      7,
    ],
    'zeros at its end': [
      async () => writeFile(await only('.part'), (await readFile(await only('.part'))).fill(0, 9 * block - 1)),
      8,
    ],
    'a lost end': [async () => truncate(await only('.part'), 4 * block + 5), 4],
    'a journal that was cut': [
      async () => truncate(await only('.blocks'), (await readFile(await only('.blocks'))).length - 5),
      9,
    ],
    'a journal with other text': [
      async () => {
        const [head, ...lines] = (await readFile(await only('.blocks'), 'utf8')).split('\n');
        await writeFile(await only('.blocks'), [head, ...lines.slice(0, 7), 'garbage!', ...lines.slice(8)].join('\n'));
      },
      7,
    ],
    'a journal without a head': [async () => writeFile(await only('.blocks'), 'null\n'), 0],
    'an empty journal': [async () => truncate(await only('.blocks'), 0), 0],
    'no journal': [async () => rm(await only('.blocks')), 0],
    'no bytes': [async () => truncate(await only('.part'), 0), 0],
  };
  for (const [what, [damage, blocks]] of Object.entries(damages)) {
    it(`loses what is not sound where it has ${what}`, async () => {
      await killed();
      await damage();
      if (blocks > 0) return completes(blocks);
      assert.equal(await cache.resume(key), undefined);
      assert.deepEqual(await readdir(directory), []);
      return undefined;
    });
  }

  it('is left alone while something writes to it', async () => {
    const writer = await cache.write(key, origin);
    await write(writer, 0);
    assert.equal(await cache.resume(key), undefined);
    await writer.suspend();
    const [first, second] = await Promise.all([cache.resume(key), cache.resume(key)]);
    assert.ok((first === undefined) !== (second === undefined), 'one of two goes on');
    await (first ?? second).writer.suspend();
    await completes(10);
  });

  it('may be of a process with the same number and another start: it is left alone for a minute', async () => {
    // So names a thread its files from before the clock was set, or a process in another container.
    await killed(bytes.length, key, process.pid);
    assert.equal(await cache.resume(key), undefined);
    await (await cache.write(key)).abort();
    const path = await only('.part');
    const minuteAgo = new Date(Date.now() - 61_000);
    await utimes(path, minuteAgo, minuteAgo);
    await completes(10);
  });

  it('is the longest of several, and the others go', async () => {
    const counts = [2, 6, 4];
    const writers = await Promise.all(counts.map(() => cache.write(key, origin)));
    for (const [index, count] of counts.entries()) await write(writers[index], 0, count * block);
    for (const writer of writers) await writer.suspend();
    await completes(6);
  });

  it('goes with the first file of its key that starts over', async () => {
    await killed();
    await (await cache.write(key)).abort();
    assert.deepEqual(await readdir(directory), []);
  });

  it('is dropped after a week, or if it is less than a block', async () => {
    await killed();
    await killed(1000, 'small');
    const days = (count) => new Date(Date.now() - count * 24 * 3_600_000);
    for (const [age, count] of [
      [6, 1],
      [8, 0],
    ]) {
      for (const name of await readdir(directory)) await utimes(join(directory, name), days(age), days(age));
      await (await cache.write('another')).abort();
      assert.deepEqual([(await names('.part')).length, (await names('.blocks')).length], [count, count]);
    }
  });

  it('is nothing that the cache lists, and is counted and removed when the cache is cleared', async () => {
    await killed();
    await killed(3 * block, 'another');
    assert.deepEqual(await cache.list(), []);
    assert.equal(await cache.read(key), undefined);
    assert.deepEqual(await cache.clear(), { files: 2, bytes: bytes.length + 3 * block });
    assert.deepEqual(await readdir(directory), []);
  });

  it('is not kept without an origin', async () => {
    const writer = await cache.write(key);
    await write(writer, 0);
    await writer.suspend();
    assert.deepEqual(await readdir(directory), []);
  });
});
