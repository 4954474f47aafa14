import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useProject } from '../../support/programs/packed.js';
import { compileTypes, prepareTypes, typeProjects } from '../../support/programs/type-projects.js';

const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));

/** How TypeScript found modules before it knew `exports`. Version 7 has dropped it. */
const asBefore = { lib: [], types: ['node'], programs: ['web'], module: 'CommonJS', moduleResolution: 'Node10' };

describe('the types of the installed packages, to TypeScript 5', () => {
  const project = useProject();
  before(() => prepareTypes(project.directory));

  for (const { title, ...options } of [...typeProjects, { title: 'of Node, without exports', ...asBefore }]) {
    it(`compile beside the types ${title}, and refuse what is wrong`, () => {
      compileTypes(tsc, project.directory, options);
    });
  }
});
