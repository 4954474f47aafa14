import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { codeBlocks } from './markdown.js';
import { read } from './paths.js';

const projects = 'tests/runtimes/everywhere/projects';
const [parcelrc, parcel, jest] = codeBlocks(read('docs/platforms.md'))
  .filter(({ language }) => language === 'json')
  .map(({ code }) => JSON.parse(code));

describe('the settings in docs/platforms.md', () => {
  it('are those of the project that a test builds with Parcel', () => {
    assert.deepEqual(JSON.parse(read(`${projects}/parcel/.parcelrc`)), parcelrc);
    const { private: _, devDependencies, ...settings } = JSON.parse(read(`${projects}/parcel/package.json`));
    assert.deepEqual(settings, parcel);
    assert.deepEqual(Object.keys(devDependencies), ['parcel']);
  });

  it('are those of the project that a test runs in Jest', async () => {
    const { default: config } = await import(`../../${projects}/jest/jest.config.js`);
    const { testEnvironment, testEnvironmentOptions } = config.projects.find(
      ({ displayName }) => displayName === 'jsdom',
    );
    assert.deepEqual({ testEnvironment, testEnvironmentOptions }, jest);
  });
});
