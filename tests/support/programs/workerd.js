import { after, before } from 'node:test';

import { Inspector } from './inspector.js';
import { startWorkerd } from './start-workerd.js';

/** Starts workerd with the options of `startWorkerd` before the tests of the calling suite, and ends it after them. */
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
    /** Returns what workerd has written to its standard output and error. */
    output: () => output,
    /** Returns the URL that the worker listens at. */
    url: () => miniflare.unsafeGetDirectURL(),
    /** Connects to the worker's inspector. */
    inspect: async () => Inspector.connect(await miniflare.getInspectorURL()),
    /** Returns a bucket of the worker, for putting objects into it. */
    bucket: (name) => miniflare.getR2Bucket(name),
    /** Sends a request to this path of the worker. */
    fetch: (path, init) => miniflare.dispatchFetch(`http://worker${path}`, init),
    /** Sends JSON to the worker, and returns the JSON of its answer. */
    async ask(request) {
      const response = await miniflare.dispatchFetch('http://worker/', {
        method: 'POST',
        body: JSON.stringify(request),
      });
      if (!response.ok) throw new Error(`The worker answered with HTTP ${response.status}: ${await response.text()}`);
      return response.json();
    },
  };
}
