/**
 * Says how requests to this URL go through the proxy that the environment names, if this process does not use it. Deno and
 * Bun use it by themselves.
 */
export function proxyAdvice(url: string): string | undefined {
  if ('Deno' in globalThis || process.versions.bun !== undefined || usesProxies()) return undefined;
  const { protocol, hostname } = new URL(url);
  const kind = protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const name = [kind.toLowerCase(), kind].find((name) => process.env[name]);
  if (name === undefined || isExcepted(hostname, process.env.no_proxy || process.env.NO_PROXY || '')) return undefined;
  const advice = 'set NODE_USE_ENV_PROXY=1 before the process starts';
  return `The environment's ${name} is not used: Node 22.21, 24 and newer use it if you ${advice}.`;
}

function usesProxies(): boolean {
  const { NODE_USE_ENV_PROXY, NODE_OPTIONS = '' } = process.env;
  // A Node that does not know the variable ignores it; it refuses to start with the flag.
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const knows = major >= 24 || (major === 22 && minor >= 21);
  return (
    (knows && NODE_USE_ENV_PROXY === '1') ||
    [...process.execArgv, ...NODE_OPTIONS.split(' ')].includes('--use-env-proxy')
  );
}

/** True if the list has the host, a domain that it is in, or an asterisk. */
function isExcepted(host: string, list: string): boolean {
  const names = list.split(/[\s,]+/).map((name) => name.replace(/^\*?\.|:\d+$/g, '').toLowerCase());
  return names.some((name) => name !== '' && (name === '*' || host === name || host.endsWith(`.${name}`)));
}
