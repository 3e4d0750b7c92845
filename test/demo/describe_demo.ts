import type { Demo } from './demo.ts';
import { afterAll, beforeAll, describe } from 'vitest';
import { found, openDemo } from './demo.ts';

/** A group of tests on one browser; left out, with the reason in its name, where there is none. */
export function describeDemo(
  name: string,
  tests: (demo: () => Demo) => void,
  options: Parameters<typeof openDemo>[0] = {},
): void {
  const whyNot = typeof found === 'string' ? found : null;
  describe.skipIf(whyNot !== null)(whyNot === null ? name : `${name} (left out: ${whyNot})`, () => {
    let demo: Demo | undefined;
    beforeAll(async () => {
      demo = await openDemo(options);
    });
    afterAll(async () => demo?.close());
    tests(() => {
      if (demo === undefined) throw new Error('the browser has not been started');
      return demo;
    });
  });
}
