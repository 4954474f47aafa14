import assert from 'node:assert/strict';

const marker = 'logged by the worker itself';
const patience = 10_000;

/** Asserts that `edge-worker.js` in `workerd` has logged nothing. A marker shows that the test would see a log. */
export async function assertNothingLogged(workerd) {
  await workerd.fetch('/log', { method: 'POST', body: marker });
  const end = Date.now() + patience;
  while (!workerd.output().includes(marker) && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(workerd.output().trim(), marker);
}
