import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';

const usual = ['pkg', 'pkg/mini'];

/** Packs rerank-wasm and rerank-wasm-mini, or the packages of other folders, as for publishing. Returns the tarballs. */
export function pack(destination, folders = usual) {
  return folders.map((folder) => {
    const cwd = fileURLToPath(new URL(`../../../${folder}`, import.meta.url));
    const output = npm(['pack', '--json', '--pack-destination', destination], cwd);
    const [{ filename }] = JSON.parse(output);
    return join(destination, filename);
  });
}

/** Installs packages (names, tarballs) into a project. */
export function install(project, packages, options = []) {
  npm(['install', '--no-audit', '--no-fund', '--no-save', '--loglevel=error', ...options, ...packages], project);
}

/**
 * Makes a project with both packages, installed from their tarballs, before the tests of the calling suite. Removes it
 * after them. `template` is a directory to begin with. With `recall`, the project has rerank-wasm-recall, too.
 */
export function useProject({ template, recall = false, prepare = () => {} } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'rerank-wasm-project-'));
  const project = { directory, tarballs: [] };
  before(() => {
    if (template) cpSync(template, directory, { recursive: true });
    else writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }');
    project.tarballs = pack(directory, recall ? [...usual, 'pkg/recall'] : usual);
    prepare(directory);
    install(directory, project.tarballs, ['--prefer-offline']);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));
  return project;
}

function npm(parameters, cwd) {
  return execFileSync('npm', parameters, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
