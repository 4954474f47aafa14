import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The first major version of Node that runs miniflare. */
const modernMajor = 22;

const packagedPath = fileURLToPath(
  new URL(`../../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
);

/**
 * Returns the Nodes of this machine as `{ version, path }`: the one of the PATH, and the one from npm, if installed.
 */
export function installedNodes() {
  const paths = existsSync(packagedPath) ? ['node', packagedPath] : ['node'];
  const nodes = paths.map((command) => {
    const script = 'JSON.stringify({ version: process.versions.node, path: process.execPath })';
    return JSON.parse(execFileSync(command, ['--print', script], { encoding: 'utf8' }));
  });
  return nodes.filter(({ version }, index) => nodes.findIndex((node) => node.version === version) === index);
}

/** Returns the first of `nodes` that runs miniflare; undefined if none does. */
export function modernNode(nodes) {
  return nodes.find(({ version }) => Number.parseInt(version, 10) >= modernMajor);
}
