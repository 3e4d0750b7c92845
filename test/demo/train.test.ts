import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';
import { downloaded, isPacked, longTasks, toWorker } from './demo.ts';
import { nodeLosses } from './node_losses.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { parseSafetensors } from '../../src/model/safetensors.ts';

const SETTINGS = { seed: 7, epochs: 2, pictures: 48, batch: 12 };
const STEPS = 8;

let trainedOnNode: Promise<number[]> | undefined;
/** The losses of Node's run, which is made once. */
function onNode(): Promise<number[]> {
  trainedOnNode ??= nodeLosses(SETTINGS);
  return trainedOnNode;
}

async function start(page: Page, settings: Readonly<Record<string, number>> = SETTINGS): Promise<void> {
  for (const [name, value] of Object.entries(settings)) await page.fill(`#training-${name}`, String(value));
  await page.click('#training-start');
}

const line = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('#training-line').filter({ hasText: text }).waitFor({ timeout: 60_000 });

async function losses(page: Page): Promise<number[]> {
  const { bytes } = await downloaded(page, () => page.click('#training-csv'));
  return bytes
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => Number(row.split(',')[1]));
}

/**
 * The packed browser's SwiftShader is the one that Node computes on: the same bits. Another browser has its own, and a Dawn that may order a
 * kernel's operations otherwise: some 1e-7 a step, which grows as training goes; 1e-4 after eight steps would be far too much.
 */
function expectSame(got: readonly number[], wanted: readonly number[]): void {
  if (isPacked) {
    expect(got).toEqual(wanted);
    return;
  }
  expect(got).toHaveLength(wanted.length);
  for (const [step, loss] of got.entries()) expect(loss / (wanted[step] ?? NaN)).toBeCloseTo(1, 4);
}

describeDemo('Train', (demo) => {
  test('the same seed gives the curve that Node gives, step by step, paused, saved, loaded and carried on', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    await start(page);
    await page.click('#training-pause');
    await line(page, 'Paused');
    const first = await losses(page);
    const count = first.length;
    expect(count).toBeLessThan(STEPS);
    await page.click('#training-step');
    await line(page, `Paused: step ${count + 1} of ${STEPS}, epoch`);
    expect(await page.locator('#gallery li').count()).toBe(6);
    await demo().screenshot(page, 'train_paused');

    const saved = await downloaded(page, () => page.click('#training-save'));
    expect(saved.name).toBe(`birdlets-seed-7-step-${count + 1}.safetensors`);
    const { training, configuration } = parseCheckpoint(parseSafetensors(saved.bytes));
    expect([training?.steps, configuration.classes]).toEqual([count + 1, 12]);

    await page.click('#training-pause');
    await line(page, `Done: step ${STEPS} of ${STEPS}`);
    const all = await losses(page);
    expect(all).toHaveLength(STEPS);

    // From the file, in a page that knows nothing of the run.
    const other = await demo().open({ view: 'train', ready: false });
    await other.setInputFiles('#training-file', { name: saved.name, mimeType: '', buffer: saved.bytes });
    await line(other, `Paused: step ${count + 1} of ${STEPS}`);
    await other.click('#training-pause');
    await line(other, 'Done');
    expect(await losses(other)).toEqual(all);

    const wanted = await onNode();
    expect(wanted).toHaveLength(STEPS);
    expectSame(all, wanted);

    expect((await longTasks(page)).filter((duration) => duration >= 100)).toEqual([]);
    await page.click('#training-explain');
    await page.locator('#model-line').filter({ hasText: 'birdlets-seed-7' }).waitFor();
    await page.context().close();
    await other.context().close();
  });

  test('a device lost in training: it goes on from the last snapshot, and ends as if nothing had been', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    await start(page);
    await line(page, /Training: step [2-9]/);
    await toWorker(page, 'destroy');
    await page
      .locator('.notice')
      .filter({ hasText: 'training goes on from step' })
      .waitFor({ timeout: 60_000 });
    await line(page, `Done: step ${STEPS} of ${STEPS}`);
    const interrupted = await losses(page);
    const whole = await onNode();
    expect(interrupted).toHaveLength(STEPS);
    expectSame(interrupted, whole);

    // The page is left and comes back: the run is offered again.
    await page.reload();
    await page.locator('#snapshot').filter({ hasText: 'seed 7 was kept at step 8 of 8' }).waitFor();
    await demo().screenshot(page, 'snapshot');
    await page.click('#snapshot-continue');
    await line(page, 'step 8 of 8');
    await page.context().close();
  });

  test('a frozen tab goes on when it is seen again; wrong settings and files get one message', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    await start(page);
    await line(page, /Training: step/);
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await line(page, `Done: step ${STEPS} of ${STEPS}`);

    await page.setInputFiles('#training-file', {
      name: 'no.safetensors',
      mimeType: '',
      buffer: Buffer.from('no'),
    });
    await page.locator('.notice').filter({ hasText: 'no.safetensors' }).waitFor();
    await start(page, { ...SETTINGS, batch: 60 });
    await page.locator('.notice').filter({ hasText: 'A batch of 60 is more than 48 pictures.' }).waitFor();
    expect(await page.locator('.notice').count()).toBe(1);
    await page.context().close();
  });
});
