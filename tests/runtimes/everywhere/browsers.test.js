import assert from 'node:assert/strict';
import { it } from 'node:test';

import { serveDirectory } from '../../support/servers/static.js';
import { browsers, startFirefox } from './support/browsers.js';
import { testPages } from './support/pages.js';

testPages(browsers, ({ project, questions, does }) => {
  // Firefox and Chromium can limit what a site keeps. The tests in `runtimes/chromium` cover Chromium.
  it('does without the cache, after one warning, when the quota is used up, in Firefox', async () => {
    const server = await serveDirectory(project.directory, { 'cache-control': 'no-store' });
    const tab = await startFirefox({ quota: 12e6 });
    try {
      for (const worker of [true, false]) {
        await tab.visit(`${server.url}/`);
        const call = { model: 'url', questions: questions.slice(0, 1), options: { worker } };
        const { results, warnings } = await does('rank', call, tab);
        assert.equal(results.length, 1);
        assert.equal(warnings.length, 1, `${warnings}`);
        assert.match(warnings[0], /^The cache failed, and the model loads without it: .*\. \(QuotaExceededError\)$/);
        assert.deepEqual(
          (await does('cached', undefined, tab)).filter((path) => path.endsWith('.onnx')),
          [],
        );
      }
    } finally {
      await tab.close();
      await server.close();
    }
  });
});
