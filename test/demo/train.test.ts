import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';
import { blockedShare, downloaded, isPacked, MOST_BLOCKED } from './demo.ts';
import { holdTraining, toWorker } from './worker_shim.ts';
import { nodeLosses } from './node_losses.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { parseSafetensors, serializeSafetensors } from '../../src/model/safetensors.ts';
import { withChecksum } from '../../src/train/checksum.ts';

const SETTINGS = { seed: 7, epochs: 2, pictures: 24, batch: 6 };
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

/** Starts a run and pauses it when it has done so many steps; returns how many it did, those under way included. */
async function pausedAfter(page: Page, steps: number): Promise<number> {
  await holdTraining(page, steps);
  await start(page);
  await line(page, `Training: step ${steps}`);
  await page.click('#training-pause');
  await line(page, 'Paused: step');
  const { length } = await losses(page);
  expect(length).toBeGreaterThanOrEqual(steps);
  expect(length).toBeLessThanOrEqual(steps + 3);
  return length;
}

async function losses(page: Page): Promise<number[]> {
  const { bytes } = await downloaded(page, () => page.click('#training-csv'));
  return bytes
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => Number(row.split(',')[1]));
}

/** A checkpoint as it was before its last epoch was validated. */
function withoutLastValidation(bytes: Buffer): Buffer {
  const { tensors, metadata } = parseSafetensors(bytes);
  const info = JSON.parse(metadata.get('info') ?? '') as {
    judged: number;
    birdlets: { validation: unknown[] };
  };
  info.judged--;
  info.birdlets.validation.pop();
  const changed = withChecksum({ tensors, metadata: new Map(metadata).set('info', JSON.stringify(info)) });
  return Buffer.from(serializeSafetensors(changed.tensors, changed.metadata));
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
    const count = await pausedAfter(page, 1);
    await page.click('#training-step');
    await line(page, `Paused: step ${count + 1} of ${STEPS}, epoch`);
    expect(await page.locator('#gallery li').count()).toBe(6);
    await demo().screenshot(page, 'train_paused');

    const saved = await downloaded(page, () => page.click('#training-save'));
    expect(saved.name).toBe(`birdlets-seed-7-step-${count + 1}.safetensors`);
    const { training, configuration } = parseCheckpoint(parseSafetensors(saved.bytes));
    expect([training?.steps, configuration.classes]).toEqual([count + 1, 12]);
    // A device that is lost at rest takes nothing along.
    await toWorker(page, 'destroy');
    await page.locator('.notice').filter({ hasText: 'The graphics device was lost' }).waitFor();
    const again = await downloaded(page, () => page.click('#training-save'));
    expect(again.bytes.equals(saved.bytes)).toBe(true);
    await page.click('#training-step');
    await line(page, `Paused: step ${count + 2} of ${STEPS}, epoch`);

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

    // A file from between the last epoch and its validation, which is made up for.
    const end = await downloaded(page, () => page.click('#training-save'));
    const unjudged = withoutLastValidation(end.bytes);
    expect(unjudged.equals(end.bytes)).toBe(false);
    const load = (buffer: Buffer): Promise<void> =>
      other.setInputFiles('#training-file', { name: end.name, mimeType: '', buffer });
    await load(unjudged);
    await line(other, `Paused: step ${STEPS} of ${STEPS}`);
    await load(end.bytes);
    await line(other, `Done: step ${STEPS} of ${STEPS}`);
    await load(unjudged);
    await line(other, `Paused: step ${STEPS} of ${STEPS}`);
    await other.click('#training-pause');
    await line(other, 'Done');
    const judged = await downloaded(other, () => other.click('#training-save'));
    expect(judged.bytes.equals(end.bytes)).toBe(true);

    const wanted = await onNode();
    expect(wanted).toHaveLength(STEPS);
    expectSame(all, wanted);

    expect(await blockedShare(page)).toBeLessThan(MOST_BLOCKED);
    await page.click('#training-explain');
    await page.locator('#model-line').filter({ hasText: 'birdlets-seed-7' }).waitFor();
    await page.context().close();
    await other.context().close();
  });

  test('the GPU process crashes in training: it goes on from the last snapshot, and ends as if nothing had been', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    await holdTraining(page, 2);
    await start(page);
    await line(page, /Training: step [2-9]/);
    const session = await demo().browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess' as 'Browser.close');
    await page
      .locator('.notice')
      .filter({ hasText: 'training goes on from step' })
      .waitFor({ timeout: 60_000 });
    await line(page, `Done: step ${STEPS} of ${STEPS}`);
    expect(await page.locator('.notice').count()).toBe(1);
    const interrupted = await losses(page);
    expect(interrupted).toHaveLength(STEPS);
    expectSame(interrupted, await onNode());
    await page.context().close();
  });

  test('the tab crashes in training: opened again, it offers the run where it was kept last', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    const kept = (await pausedAfter(page, 0)) + 1;
    await page.click('#training-step');
    await line(page, `Paused: step ${kept} of ${STEPS}`);
    await holdTraining(page, kept + 1);
    await page.click('#training-pause');
    await line(page, /Training: step [2-9]/);
    const session = await page.context().newCDPSession(page);
    const crashed = page.waitForEvent('crash');
    // Nobody is left to answer.
    session.send('Page.crash').catch(() => undefined);
    await crashed;

    const next = await page.context().newPage();
    await next.goto(`${demo().url}#train`);
    await next
      .locator('#snapshot')
      .filter({ hasText: `seed 7 was kept at step ${kept} of ${STEPS}` })
      .waitFor();
    await demo().screenshot(next, 'snapshot');
    await next.click('#snapshot-continue');
    await line(next, `Paused: step ${kept} of ${STEPS}`);
    expect(await next.inputValue('#training-seed')).toBe(String(SETTINGS.seed));
    await next.click('#training-pause');
    await line(next, `Done: step ${STEPS} of ${STEPS}`);
    expectSame(await losses(next), await onNode());
    await next.context().close();
  });

  test('a frozen tab goes on when it is seen again; wrong settings and files get one message', async () => {
    const page = await demo().open({ view: 'train', ready: false });
    await start(page);
    await line(page, /(Training|Done): step/);
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
    await page.locator('.notice').filter({ hasText: 'A batch of 60 is more than 24 pictures.' }).waitFor();
    expect(await page.locator('.notice').count()).toBe(1);
    await page.context().close();
  });
});
