// The package in workerd, a process of its own.
import { readdirSync, readFileSync } from 'node:fs';

import { startWorkerd } from '../../tests/support/programs/start-workerd.js';

/** Clock ticks of /proc a second. */
const ticks = 100;

/** Starts a worker; gives how to ask it for a ranking, and how much CPU time its process has used. */
export async function startEdge(path, options) {
  const before = new Set(processes());
  const miniflare = await startWorkerd(path, options);
  const [id] = processes().filter((process) => !before.has(process));
  if (id === undefined) throw new Error('workerd has no process');
  return {
    /** Waits for an answer to a request that needs no model. */
    async reach() {
      const response = await miniflare.dispatchFetch('http://worker/healthz');
      if (!response.ok) throw new Error(`workerd: HTTP ${response.status}`);
      await response.text();
    },
    async rank({ query, documents }) {
      const response = await miniflare.dispatchFetch('http://worker/v1/rerank', {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer key' },
        body: JSON.stringify({ query, documents }),
      });
      if (!response.ok) throw new Error(`workerd: HTTP ${response.status}: ${await response.text()}`);
      return response.json();
    },
    cpuMilliseconds: () => cpuMilliseconds(id),
    stop: () => miniflare.dispose(),
  };
}

/** Ids of the workerd processes that this one has started. */
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

/** What /proc says of a process; nothing where it has gone. */
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
