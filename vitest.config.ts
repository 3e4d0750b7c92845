import { defineConfig } from 'vitest/config';
import { chromiumProject } from './test/browser/project.ts';
import { join } from 'node:path';

/** Where .ci/run wants the results as JSON; nobody else needs them. */
const results = process.env['TEST_RESULTS'];

export default defineConfig({
  test: {
    // A software adapter on a busy machine is slow, the embedded SwiftShader most of all.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Two files of Node and one of the browser at a time: many wait, for compilers, processes or one thread of the CPU; alone they leave half
    // of two cores idle. So no test may ask how fast anything is.
    maxWorkers: 2,
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/generated_modules.ts'],
          // Hundreds of processes of the command line are started: each would strip and compile the same modules.
          env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'node') },
          // Processes: where a worker thread ends while Dawn's addon computes, all of them abort.
          pool: 'forks',
        },
      },
      ...chromiumProject(),
    ],
  },
});
