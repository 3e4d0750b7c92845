import { defineConfig } from 'vitest/config';
import { chromiumProject } from './test/browser/project.ts';

/** Where .ci/run wants the results as JSON; nobody else needs them. */
const results = process.env['TEST_RESULTS'];

export default defineConfig({
  test: {
    // A software adapter on a busy machine is slow, the embedded SwiftShader most of all.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    fileParallelism: false,
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          include: ['test/**/*.test.ts'],
          globalSetup: ['test/generated_modules.ts'],
          // One process for everything: Dawn's addon cannot live in a worker thread, and two processes would fight over the adapter.
          pool: 'forks',
          maxWorkers: 1,
        },
      },
      ...chromiumProject(),
    ],
  },
});
