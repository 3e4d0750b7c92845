/** What the page and its browser hold while they work for long. */
import type { Demo } from './demo.ts';
import type { Page } from 'playwright';
import { readFileSync } from 'node:fs';

/** Mebibytes. */
export interface MemorySample {
  readonly tensors: number;
  readonly bindGroups: number;
  /** Of JavaScript in the page, collected. */
  readonly heap: number;
  /** Resident, of the process that holds page and worker, and of the GPU process. NaN where the system does not tell. */
  readonly renderer: number;
  readonly gpu: number;
}

function resident(pid: number): number {
  try {
    const [, kibibytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kibibytes) / 1024;
  } catch {
    return Number.NaN;
  }
}

export async function sampleMemory(demo: Demo, page: Page): Promise<MemorySample> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  await session.send('Performance.enable');
  const { metrics } = await session.send('Performance.getMetrics');
  await session.detach();
  const browser = await demo.browser.newBrowserCDPSession();
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  await browser.detach();
  const largest = (type: string): number =>
    Math.max(...processInfo.filter((info) => info.type === type).map(({ id }) => resident(id)));
  await page.locator('#memory-line').evaluate((line) => line.replaceChildren());
  await page.click('#memory');
  const text = await page.locator('#memory-line').filter({ hasText: 'MiB' }).innerText();
  const [used = NaN, free = NaN, bindGroups = NaN] = [...text.matchAll(/[\d.]+/g)].map(([number]) =>
    Number(number),
  );
  return {
    tensors: used + free,
    bindGroups,
    heap: (metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN) / 2 ** 20,
    renderer: largest('renderer'),
    gpu: largest('GPU'),
  };
}

/** Explains so many pictures, the twelve examples round and round, each with another class as well. */
export async function explainOften(page: Page, times: number): Promise<void> {
  await page.evaluate(async (count) => {
    const rows = (): HTMLElement | null => document.querySelector('#class-rows');
    const changed = (): Promise<void> =>
      new Promise((resolve) => {
        const observer = new MutationObserver(() => {
          observer.disconnect();
          resolve();
        });
        const table = rows();
        if (table !== null) observer.observe(table, { childList: true });
      });
    const examples = [...document.querySelectorAll<HTMLButtonElement>('#examples button')];
    for (let call = 0; call < count; call++) {
      const done = changed();
      // By turns another picture, and another class of the same.
      if (call % 2 === 0) examples[(call / 2) % examples.length]?.click();
      else document.querySelectorAll<HTMLButtonElement>('#class-rows .name')[1]?.click();
      await done;
    }
  }, times);
}

const BATCH = 12;

/** Begins a training run of so many steps, in epochs of `perEpoch`. */
export async function startSteps(page: Page, steps: number, perEpoch: number): Promise<void> {
  const settings = { seed: 1, epochs: steps / perEpoch, pictures: BATCH * perEpoch, batch: BATCH };
  for (const [name, value] of Object.entries(settings)) await page.fill(`#training-${name}`, String(value));
  await page.click('#training-start');
}

/** Waits until a step is done. */
export async function step(page: Page, number: number): Promise<void> {
  await page.waitForFunction(
    (wanted) =>
      Number(/step (\d+) of/.exec(document.querySelector('#training-line')?.textContent ?? '')?.[1]) >=
      wanted,
    number,
    { timeout: 600_000 },
  );
}
