import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { DirectoryCache } from '#internal/cache/directory.js';
import { RemoteCache, serveCache } from '#internal/workers/cache-port.js';
import { MemoryCache } from '../../support/servers/memory-cache.js';

const block = 1 << 18;
const key = 'https://models.example/model.onnx';
const origin = { url: key, version: '"one"' };
const bytes = new Uint8Array(5 * block).map((_, index) => index >> 7);

describe('a cache on the other side of a port', () => {
  let directory;
  let cache;
  let remote;
  let stop;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rerank-wasm-'));
    cache = new DirectoryCache(directory);
    open(cache);
  });
  afterEach(() => {
    remote.close();
    return rm(directory, { recursive: true, force: true });
  });

  function open(served) {
    remote?.close();
    const { port1, port2 } = new MessageChannel();
    stop = serveCache(served, port1);
    remote = new RemoteCache(port2);
  }

  it('keeps an unfinished file, and goes on with it', async () => {
    const writer = await remote.write(key, origin);
    await writer.write(bytes.subarray(0, 3 * block));
    await writer.suspend();
    const file = await remote.resume(key);
    assert.deepEqual([file.size, file.url, file.version], [3 * block, key, '"one"']);
    const kept = new Uint8Array(await new Response(file.stream).arrayBuffer());
    assert.deepEqual(kept, bytes.subarray(0, 3 * block));
    await file.writer.write(bytes.subarray(3 * block));
    await file.writer.commit({ url: key, size: bytes.length, sha256: '0'.repeat(64) });
    const { stream } = await cache.read(key);
    assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()), bytes);
  });

  it('keeps what was written when the load ends that writes', async () => {
    const writer = await remote.write(key, origin);
    await writer.write(bytes);
    stop();
    while (!(await readdir(directory)).some((name) => name.includes('-0-0-'))) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    open(cache);
    const { size, writer: next } = await remote.resume(key);
    assert.equal(size, bytes.length);
    await next.abort();
    assert.deepEqual(await readdir(directory), []);
  });

  it('may keep no unfinished files', async () => {
    const own = new MemoryCache();
    open(own);
    assert.equal(await remote.resume(key), undefined);
    await (await remote.write(key, origin)).suspend();
    assert.equal(own.open, 0);
  });
});
