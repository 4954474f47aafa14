import { after, before } from 'node:test';

import { Inspector } from './inspector.js';
import { startWorkerd } from './start-workerd.js';

/**
 * Starts workerd before the tests of the calling suite, with the options of `startWorkerd`, and ends it after them.
 */
export function useWorkerd(path, options) {
  let miniflare;
  let output = '';
  const onOutput = (data) => {
    output += data;
  };
  before(async () => {
    miniflare = await startWorkerd(path, { ...options, onOutput });
  });
  after(() => miniflare?.dispose());
  return {
    /** What workerd has written to its standard output and error. */
    output: () => output,
    /** Where the worker listens. */
    url: () => miniflare.unsafeGetDirectURL(),
    /** A connection to its inspector. */
    inspect: async () => Inspector.connect(await miniflare.getInspectorURL()),
    /** A bucket of the worker, to put objects into. */
    bucket: (name) => miniflare.getR2Bucket(name),
    /** The answer of the worker to a request to this path. */
    fetch: (path, init) => miniflare.dispatchFetch(`http://worker${path}`, init),
    /** What the worker answers to a request, from JSON to JSON. */
    async ask(request) {
      const response = await miniflare.dispatchFetch('http://worker/', {
        method: 'POST',
        body: JSON.stringify(request),
      });
      if (!response.ok) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
      return response.json();
    },
  };
}
