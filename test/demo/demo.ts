/** The demo's page in headless Chromium, built into a temporary folder and served on the loopback interface. */
import type { Browser, BrowserContextOptions, Page } from 'playwright';
import type { Chromium } from '../../tools/browser/find_chromium.ts';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { buildPage } from '../../tools/demo/build_page.ts';
import { chromium } from 'playwright';
import { findChromium } from '../../tools/browser/find_chromium.ts';
import { join } from 'node:path';
import { serveFolder } from '../../tools/demo/serve_folder.ts';
import { tmpdir } from 'node:os';
import { WORKER_SHIM } from './worker_shim.ts';

/** The browser, or why there is none: tests say it in their names. */
export const found: Chromium | string = findChromium();

/** Whether its SwiftShader is the one that Node computes on. */
export const isPacked = typeof found !== 'string' && found.executablePath.startsWith(tmpdir());

export interface Demo {
  readonly url: string;
  readonly browser: Browser;
  /** Opens the page in a context of its own and waits until it has explained its first picture. */
  open(options?: OpenOptions): Promise<Page>;
  /** Where screenshots go; kept when DEMO_SCREENSHOTS names a folder. */
  screenshot(page: Page, name: string): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions extends BrowserContextOptions {
  /** Null: the address without a part. */
  readonly view?: 'explain' | 'train' | 'bench' | 'kernels' | null;
  /** False: the page is only loaded. */
  readonly ready?: boolean;
}

/** Errors that the page told nobody of; asserted empty when the demo is closed. */
const problems: string[] = [];

/** `shim`: more JavaScript for the worker, run before its own; `args`: of the browser. */
export async function openDemo({
  shim = '',
  args = [],
}: { readonly shim?: string; readonly args?: readonly string[] } = {}): Promise<Demo> {
  if (typeof found === 'string') throw new Error(found);
  const folder = mkdtempSync(join(tmpdir(), 'calm-webgpu-demo-'));
  const screenshots = process.env['DEMO_SCREENSHOTS'];
  await buildPage(folder);
  const worker = join(folder, 'worker.js');
  const own = readFileSync(worker, 'utf8');
  writeFileSync(worker, `${WORKER_SHIM}${shim}\n`);
  appendFileSync(worker, own);
  const { url, server } = await serveFolder(folder, 0);
  const browser = await chromium.launch({
    executablePath: found.executablePath,
    args: [...found.args, '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', ...args],
    env: found.env,
  });
  return {
    url,
    browser,
    async open({ view = 'explain', ready = true, ...options } = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 900 },
        serviceWorkers: 'block',
        acceptDownloads: true,
        ...options,
      });
      const page = await context.newPage();
      page.on('pageerror', (error) => problems.push(`page: ${error.message}`));
      page.on('console', (message) => {
        // Fetching while offline is told by the browser itself.
        if (message.type() === 'error' && !message.text().includes('ERR_')) problems.push(message.text());
      });
      await page.addInitScript(observeLongTasks);
      await page.goto(view === null ? url : `${url}#${view}`);
      if (ready) await page.locator('#stage-rows tr').first().waitFor({ state: 'attached', timeout: 60_000 });
      return page;
    },
    async screenshot(page, name) {
      if (screenshots === undefined) return;
      await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
      // Laying the page out anew for the shot is no task of its own.
      await page.evaluate(() => (Reflect.get(globalThis, 'longTasks') as number[]).splice(0));
    },
    async close() {
      await browser.close();
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
      const left = problems.splice(0);
      if (left.length > 0) throw new Error(`the page reported errors:\n${left.join('\n')}`);
    },
  };
}

/** Runs in the page. */
function observeLongTasks(): void {
  const durations: number[] = [];
  Reflect.set(globalThis, 'longTasks', durations);
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) durations.push(duration);
  }).observe({ type: 'longtask', buffered: true });
}

/** Milliseconds of the page's tasks of 50 and more since it was loaded. */
export function longTasks(page: Page): Promise<number[]> {
  return page.evaluate(() => Reflect.get(globalThis, 'longTasks') as number[]);
}

/** Of `blockedShare`. */
export const MOST_BLOCKED = 0.05;

/**
 * Total blocking time, what of each task lies beyond 50 ms, as a share of the page's life so far. A busy machine stretches both; that the
 * page computes itself, which its worker should, shows as a large part of it.
 */
export async function blockedShare(page: Page): Promise<number> {
  const life = await page.evaluate(() => performance.now());
  return (await longTasks(page)).reduce((sum, duration) => sum + duration - 50, 0) / life;
}

/** The content of what a click downloads. */
export async function downloaded(
  page: Page,
  click: () => Promise<void>,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  const path = await download.path();
  return { name: download.suggestedFilename(), bytes: readFileSync(path) };
}
