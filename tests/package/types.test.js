import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

import { useProject } from '../support/programs/packed.js';
import { compileTypes, prepareTypes, typeProjects } from '../support/programs/type-projects.js';

const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url));

describe('the types of the installed packages', () => {
  const project = useProject();
  before(() => prepareTypes(project.directory));

  for (const { title, ...options } of typeProjects) {
    it(`compile beside the types ${title}, and refuse what is wrong`, () => {
      compileTypes(tsc, project.directory, options);
    });
  }
});
