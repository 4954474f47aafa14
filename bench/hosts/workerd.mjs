// Runs the package in workerd, which is a separate process.
import { readdirSync, readFileSync } from 'node:fs';

import { startWorkerd } from '../../tests/support/programs/start-workerd.js';

/** Clock ticks of /proc a second. */
const ticks = 100;

/** Starts a worker. The result asks it for rankings and reads the CPU time that its process has used. */
export async function startEdge(path, options) {
  const before = new Set(processes());
  const miniflare = await startWorkerd(path, options);
  const [id] = processes().filter((process) => !before.has(process));
  if (id === undefined) throw new Error('/proc lists no workerd process that this process started; is it Linux?');
  return {
    /** Waits until the worker answers a request that needs no model. */
    async reach() {
      const response = await miniflare.dispatchFetch('http://worker/healthz');
      if (!response.ok) throw new Error(`The worker answered /healthz with HTTP ${response.status} instead of 200.`);
      await response.text();
    },
    async rank({ query, documents }) {
      const response = await miniflare.dispatchFetch('http://worker/v1/rerank', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: JSON.stringify({ query, documents }),
      });
      if (!response.ok) {
        throw new Error(`The worker answered /v1/rerank with HTTP ${response.status}: ${await response.text()}`);
      }
      return response.json();
    },
    cpuMilliseconds: () => cpuMilliseconds(id),
    stop: () => miniflare.dispose(),
  };
}

/** Returns the ids of the workerd processes that this process started. */
function processes() {
  return readdirSync('/proc').filter((id) => {
    if (!/^\d+$/.test(id)) return false;
    const fields = stat(id);
    return fields?.name === 'workerd' && fields.parent === process.pid;
  });
}

function cpuMilliseconds(id) {
  const { user, system } = stat(id);
  return ((user + system) / ticks) * 1000;
}

/** Reads a process's entry in /proc. Returns undefined if the process has ended. */
function stat(id) {
  let text;
  try {
    text = readFileSync(`/proc/${id}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' ');
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    user: Number(fields[11]),
    system: Number(fields[12]),
  };
}
