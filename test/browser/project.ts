import type { TestProjectInlineConfiguration } from 'vitest/config';
import { findChromium } from '../../tools/browser/find_chromium.ts';
import { IN_BOTH, NODE_ONLY } from './node_only.ts';
import { playwright } from '@vitest/browser-playwright';

/** The project that runs the tests of `IN_BOTH` in headless Chromium, beside those of Node; none, and a line that says so, where there is no Chromium. */
export function chromiumProject(): TestProjectInlineConfiguration[] {
  const chromium = findChromium();
  if (typeof chromium === 'string') {
    console.warn(`Tests in Chromium are left out: ${chromium}.`);
    return [];
  }
  const { executablePath, args, env } = chromium;
  return [
    {
      extends: true,
      // Found while tests run, they would make the page load anew.
      optimizeDeps: { include: [], noDiscovery: true },
      test: {
        name: 'chromium',
        include: IN_BOTH,
        exclude: Object.keys(NODE_ONLY),
        browser: {
          enabled: true,
          provider: playwright({ launchOptions: { executablePath, args: [...args], env } }),
          headless: true,
          fileParallelism: false,
          screenshotFailures: false,
          instances: [{ browser: 'chromium' }],
        },
      },
    },
  ];
}
