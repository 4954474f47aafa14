// Removes the declarations in pkg/dist that no entry of the package reaches: an editor would never open them. Those of the
// bindings stay, since a test compares them with ours.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../pkg/', import.meta.url));
const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const reached = new Set(Object.values(exports).flatMap(({ types }) => (types ? [join(root, types)] : [])));
for (const file of reached) {
  for (const [, module] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g)) {
    const declaration = join(file, '..', `${module}.d.ts`);
    if (existsSync(declaration)) reached.add(declaration);
  }
}
for (const name of readdirSync(join(root, 'dist'), { recursive: true })) {
  const file = join(root, 'dist', name);
  const isBinding = name.startsWith('wasm/') || name.startsWith('cli/convert/converter-bindings');
  if (file.endsWith('.d.ts') && !reached.has(file) && !isBinding) rmSync(file);
}
