import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { createSearchWith } from '#internal/search/create.js';
import { openOpfs } from '#internal/search/opfs.js';
import { rejectsWith } from '../../support/asserts/assertions.js';
import { fakeEmbedder } from '../../support/models/fake-search-models.js';

const createSearch = createSearchWith(openOpfs);

/** A private file system as pages have it: a stream writes a copy, which takes the place of the file when it is closed. */
class FakeFolder {
  entries = new Map();

  async getDirectoryHandle(name) {
    if (!this.entries.has(name)) this.entries.set(name, new FakeFolder());
    return this.entries.get(name);
  }

  async getFileHandle(name, { create = false } = {}) {
    if (!this.entries.has(name)) {
      if (!create) throw new DOMException(name, 'NotFoundError');
      this.entries.set(name, new FakeFile());
    }
    return this.entries.get(name);
  }

  async removeEntry(name) {
    if (!this.entries.delete(name)) throw new DOMException(name, 'NotFoundError');
  }

  async *keys() {
    yield* this.entries.keys();
  }
}

class FakeFile {
  content = new Blob();

  async getFile() {
    return this.content;
  }

  async createWritable() {
    const parts = [];
    return {
      write: async (chunk) => void parts.push(chunk.slice()),
      seek: async () => {},
      truncate: async () => {},
      close: async () => {
        this.content = new Blob(parts);
      },
    };
  }
}

/** Locks as one tab sees them. */
function fakeLocks() {
  const held = new Set();
  return {
    async request(name, { ifAvailable }, work) {
      assert.ok(ifAvailable);
      if (held.has(name)) return work(null);
      held.add(name);
      try {
        return await work({ name });
      } finally {
        held.delete(name);
      }
    },
  };
}

describe('an index in the private file system of an origin', () => {
  let root;
  const originals = ['navigator', 'FileSystemFileHandle'].map((name) => [
    name,
    Object.getOwnPropertyDescriptor(globalThis, name),
  ]);
  beforeEach(() => {
    root = new FakeFolder();
    const navigator = { storage: { getDirectory: async () => root }, locks: fakeLocks() };
    for (const [name, value] of Object.entries({ navigator, FileSystemFileHandle: FakeFile })) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  });
  afterEach(() => {
    for (const [name, descriptor] of originals) {
      if (descriptor) Object.defineProperty(globalThis, name, descriptor);
      else delete globalThis[name];
    }
  });

  const documents = [
    { id: 'a', text: 'one thing' },
    { id: 'b', text: 'another thing' },
  ];
  const open = (options) => createSearch({ embedder: fakeEmbedder(), name: 'notes', ...options });
  const folder = () => root.entries.get('rerank-wasm-search').entries.get('notes').entries;

  it('answers alike after it was opened again', async () => {
    const search = await open();
    await search.add(documents);
    const hits = await search.search('another thing');
    await search.dispose();
    const again = await open();
    assert.deepEqual(await again.search('another thing'), hits);
  });

  it('loses a segment alone that was not written completely', async () => {
    const search = await open();
    await search.add(documents);
    await search.add([{ id: 'c', text: 'the last' }]);
    await search.dispose();
    const [, last] = [...folder().keys()].sort();
    const file = folder().get(last);
    file.content = file.content.slice(0, file.content.size - 1);
    const again = await open();
    assert.equal((await again.statistics()).documents, 2);
    assert.ok(!folder().has(last));
  });

  it('is open in one tab at a time', async () => {
    const search = await open();
    await rejectsWith(open(), 'invalid_input', /The index "notes" is open in another tab or worker/);
    await search.dispose();
    await open();
  });

  it('says so where the browser refuses the file system, as in a private window', async () => {
    navigator.storage.getDirectory = async () => {
      throw new DOMException('The operation is insecure.', 'SecurityError');
    };
    const message = /^No index can be kept here: The operation is insecure; omit `name`/;
    const { cause } = await rejectsWith(open(), 'unsupported_environment', message);
    assert.equal(cause.name, 'SecurityError');
  });

  it('refuses a directory, and needs a file system', async () => {
    await rejectsWith(open({ directory: '/tmp' }), 'unsupported_environment', /`directory` needs Node/);
    globalThis.navigator = {};
    await rejectsWith(open(), 'unsupported_environment', /Omit `name`/);
    await open({ name: undefined });
  });
});
