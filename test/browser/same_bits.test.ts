// On Node, as it starts a browser of its own. `npm run compare:chromium` compares every kernel case as well, and names what differs.
import type { RecordedStep } from './recorded_training.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { expect, test } from 'vitest';
import { findChromium } from '../../tools/browser/find_chromium.ts';
import { launchChromium } from '../../tools/browser/launch.ts';
import { recordTraining } from './recorded_training.ts';
import { runInPage } from '../../tools/browser/run_in_page.ts';

const STEPS = 20;
const chromium = findChromium();
const missing =
  typeof chromium === 'string'
    ? chromium
    : process.platform === 'linux' && process.arch === 'x64'
      ? null
      : 'Node has no SwiftShader on this platform';

const PAGE = `
import { createEngine } from '../../src/runtime/create_engine.ts';
import { recordTraining } from './recorded_training.ts';
export async function run() {
  const engine = await createEngine();
  const steps = await recordTraining(engine, ${STEPS});
  engine.destroy();
  return { name: engine.adapter.name, steps };
}`;

const why = missing === null ? '' : ` (left out: ${missing})`;
test.skipIf(missing !== null)(
  `${STEPS} training steps give the same bits on Node and in Chromium${why}`,
  async () => {
    if (typeof chromium === 'string') return;
    const engine = await createEngine({ adapter: 'swiftshader' });
    const wanted = await recordTraining(engine, STEPS);
    engine.destroy();
    const browser = await launchChromium(chromium);
    try {
      const got = (await runInPage(browser, PAGE, import.meta.dirname)) as {
        name: string;
        steps: RecordedStep[];
      };
      expect(got.name).toMatch(/swiftshader/i);
      expect(got.steps).toEqual(wanted);
    } finally {
      await browser.close();
    }
    // It trains: a run of standing still would agree as well.
    expect(new Set(wanted.map(({ parameters }) => parameters)).size).toBe(STEPS);
    expect(wanted.at(-1)?.loss).toBeLessThan(wanted[0]?.loss ?? 0);
  },
);
