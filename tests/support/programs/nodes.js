import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What miniflare runs on. */
const modernMajor = 22;

const packagedPath = fileURLToPath(
  new URL(`../../../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
);

/** The Nodes of this machine as `{ version, path }`: the PATH's, and the one that npm installed, if it did. */
export function installedNodes() {
  const paths = existsSync(packagedPath) ? ['node', packagedPath] : ['node'];
  const nodes = paths.map((command) => {
    const script = 'JSON.stringify({ version: process.versions.node, path: process.execPath })';
    return JSON.parse(execFileSync(command, ['--print', script], { encoding: 'utf8' }));
  });
  return nodes.filter(({ version }, index) => nodes.findIndex((node) => node.version === version) === index);
}

/** The first of `nodes` that miniflare runs on; undefined where there is none. */
export function modernNode(nodes) {
  return nodes.find(({ version }) => Number.parseInt(version, 10) >= modernMajor);
}
