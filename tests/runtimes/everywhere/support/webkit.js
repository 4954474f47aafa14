import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A start that takes longer is stuck. */
const startMilliseconds = 120_000;

const browserPattern = 'usr/lib/*/webkit2gtk-4.*/MiniBrowser';

/** The error of a load in which WebKitGTK 2.50 crashed, as it does now and then. */
export const crash = /(call_indirect to a null table entry|Out of bounds memory access) .*loader_finish/;

const inChroot = fileURLToPath(new URL('../../../../scripts/in-chroot.sh', import.meta.url));

/**
 * Starts Debian's WebKit through its WebDriver. WebKit needs a display. `root` is the root of the Debian that has it: a
 * folder other than `/` is a chroot.
 */
export async function startWebKit({ root = '/' } = {}) {
  const [found] = globSync(browserPattern, { cwd: root });
  if (!found || !existsSync(join(root, 'usr/bin/WebKitWebDriver')))
    throw new Error(`WebKit was not found in ${root}; install webkit2gtk-driver there.`);
  const processes = [];
  const close = () => {
    for (const process of processes.reverse()) process.kill();
  };
  try {
    const display = await startDisplay(processes);
    const port = await freePort();
    // WebKit would wait for a graphics card and for a bus for accessibility. The machine has neither.
    const env = { ...process.env, DISPLAY: display, WEBKIT_DISABLE_DMABUF_RENDERER: '1', NO_AT_BRIDGE: '1' };
    // Safari gives an isolated page memory that threads can share. WebKitGTK wants this setting for it.
    env.JSC_useSharedArrayBuffer = '1';
    const driver = ['/usr/bin/WebKitWebDriver', '--host=127.0.0.1', `--port=${port}`];
    const [program, ...parameters] = root === '/' ? driver : [inChroot, root, ...driver];
    processes.push(spawn(program, parameters, { env, stdio: 'ignore' }));
    const { session, version } = await startSession(`http://127.0.0.1:${port}`, `/${found}`);
    const inTab = tabs(session);
    const handle = await session('GET', '/window');
    const newTab = async () => tab(inTab, (await inTab(handle, 'POST', '/window/new', { type: 'tab' })).handle);
    return { ...tab(inTab, handle), version, newTab, close: () => session('DELETE', '').finally(close) };
  } catch (error) {
    close();
    throw error;
  }
}

/** A session is in one tab at a time. Returns a function that sends a command in a tab, after those before it. */
function tabs(session) {
  let last = Promise.resolve();
  return (handle, ...words) => {
    const answer = last.then(async () => {
      await session('POST', '/window', { handle });
      return session(...words);
    });
    last = answer.catch(() => {});
    return answer;
  };
}

function tab(inTab, handle) {
  return {
    visit: (url) => inTab(handle, 'POST', '/url', { url }),
    async run(action, argument) {
      const { value, failure } = await inTab(handle, 'POST', '/execute/async', {
        script: `const [argument, done] = arguments;
          (${action})(argument).then((value) => done({ value }), (error) => done({ failure: String(error) }));`,
        args: [argument ?? null],
      });
      if (failure !== undefined) throw new Error(failure);
      return value;
    },
    close: () => inTab(handle, 'DELETE', '/window'),
  };
}

async function startDisplay(processes) {
  const parameters = ['-displayfd', '1', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'];
  const server = spawn('Xvfb', parameters, { stdio: ['ignore', 'pipe', 'ignore'] });
  processes.push(server);
  const [number] = await once(server.stdout, 'data', { signal: AbortSignal.timeout(startMilliseconds) });
  return `:${String(number).trim()}`;
}

/** Returns a port that was free a moment ago. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the browser. Returns its version, and a function that sends it a command of the WebDriver protocol. */
async function startSession(driver, binary) {
  const browser = { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': { binary, args: ['--automation'] } };
  const until = Date.now() + startMilliseconds;
  while (!(await fetch(`${driver}/status`).catch(() => undefined))?.ok) {
    if (Date.now() > until) throw new Error(`WebKitWebDriver did not start within ${startMilliseconds / 1000} s.`);
    await sleep(100);
  }
  const started = await command(
    driver,
    'POST',
    '/session',
    { capabilities: { alwaysMatch: browser } },
    startMilliseconds,
  );
  const session = `${driver}/session/${started.sessionId}`;
  await command(session, 'POST', '/timeouts', { script: patienceMilliseconds });
  return {
    session: (method, path, body) => command(session, method, path, body),
    version: started.capabilities.browserVersion,
  };
}

/** The time limit of a script, with room for a busy machine. */
const patienceMilliseconds = 240_000;

async function command(base, method, path, body, milliseconds = patienceMilliseconds + startMilliseconds) {
  const signal = AbortSignal.timeout(milliseconds);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(base + path, { method, headers, body: body && JSON.stringify(body), signal });
  const { value } = await response.json();
  if (!response.ok) throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  return value;
}
