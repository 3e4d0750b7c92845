// On Node, as it starts a browser of its own. `npm run compare:chromium` compares every kernel case as well, and names what differs.
import type { RecordedStep } from './recorded_training.ts';
import { calm } from '../tools/calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { expect, onTestFinished, test } from 'vitest';
import { findChromium } from '../../tools/browser/find_chromium.ts';
import { join } from 'node:path';
import { launchChromium } from '../../tools/browser/launch.ts';
import { recordTraining } from './recorded_training.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { runInPage } from '../../tools/browser/run_in_page.ts';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { smallModel } from '../train/patches.ts';
import { tmpdir } from 'node:os';

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
import { recordedPass } from './recorded_pass.ts';
export async function run() {
  const engine = await createEngine();
  const steps = await recordTraining(engine, ${STEPS});
  const pass = await recordedPass(engine);
  engine.destroy();
  return { name: engine.adapter.name, steps, pass };
}`;

const why = missing === null ? '' : ` (left out: ${missing})`;
test.skipIf(missing !== null)(
  `${STEPS} training steps give the same bits on Node and in Chromium, and calm compare finds no other in a pass that the page recorded${why}`,
  async () => {
    if (typeof chromium === 'string') return;
    const engine = await createEngine({ adapter: 'swiftshader' });
    const wanted = await recordTraining(engine, STEPS);
    const folder = await mkdtemp(join(tmpdir(), 'calm-page-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const [checkpoint, recorded] = ['model', 'page'].map((name) => join(folder, `${name}.safetensors`));
    if (checkpoint === undefined || recorded === undefined) throw new RangeError('two files');
    const model = smallModel(engine);
    await saveModel(checkpoint, model);
    model.dispose();
    engine.destroy();
    const browser = await launchChromium(chromium);
    try {
      const got = (await runInPage(browser, PAGE, import.meta.dirname)) as {
        name: string;
        steps: RecordedStep[];
        pass: number[];
      };
      expect(got.name).toMatch(/swiftshader/i);
      expect(got.steps).toEqual(wanted);
      await writeFile(recorded, Uint8Array.from(got.pass));
      const compared = await calm('compare', recorded, checkpoint, '--adapter', 'swiftshader');
      expect([compared.code, compared.errors.replaceAll(/Warning: max.*\n/g, '')]).toEqual([0, '']);
      expect(compared.output).toMatch(/^(\d{2,}) tensors: \1 equal to the bit, 0 beyond rounding/m);
    } finally {
      await browser.close();
    }
    // It trains: a run of standing still would agree as well.
    expect(new Set(wanted.map(({ parameters }) => parameters)).size).toBe(STEPS);
    expect(wanted.at(-1)?.loss).toBeLessThan(wanted[0]?.loss ?? 0);
  },
);
