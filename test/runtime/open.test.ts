import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { UnsupportedError } from '../../src/runtime/errors.ts';
import * as browser from '../../src/runtime/open.browser.ts';
import { listAdapters, openGpu } from '../../src/runtime/open.node.ts';
import { waitPolitely } from '../../src/runtime/polite_waiting.node.ts';
import { unpackSwiftShader } from '../../src/runtime/swiftshader.node.ts';
import { square } from './square.ts';

const child = join(import.meta.dirname, 'open_child.ts');

/** Opens and uses a GPU in a process of its own; resolves to what it prints, rejects unless it ends by itself with code 0. */
async function openInChild(environment: Record<string, string>, ...flags: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, child], {
    env: { ...process.env, CALM_ADAPTER: '', ...environment },
    timeout: 60_000,
  });
  return stdout.trim();
}

describe('openGpu on Node', () => {
  test('finds an adapter that computes, and says which', async () => {
    const opened = await openGpu();
    expect(await square(await opened.adapter.requestDevice())).toEqual([4, 9, 16]);
    expect(opened.notes).toHaveLength(1);
    expect(opened.notes[0]).toContain(opened.description.name);
  });

  test('serves the embedded SwiftShader when asked, beside the adapter of the system', async () => {
    const environment = { ...process.env };
    const [embedded, other] = await Promise.all([
      openGpu({ adapter: 'swiftshader' }),
      openGpu({ adapter: 'auto' }),
    ]);
    expect(embedded.description).toMatchObject({
      vendor: 'google',
      architecture: 'swiftshader',
      backend: 'vulkan',
      software: true,
      source: 'embedded SwiftShader',
      subgroupMinSize: 4,
      subgroupMaxSize: 4,
    });
    expect(embedded.notes[0]).toContain('as asked for');
    expect(await square(await embedded.adapter.requestDevice())).toEqual([4, 9, 16]);
    expect(await square(await other.adapter.requestDevice())).toEqual([4, 9, 16]);
    expect(process.env).toEqual(environment);
  });

  test('refuses an unknown adapter and lists the known ones', async () => {
    await expect(openGpu({ adapter: 'Voodoo 2' })).rejects.toThrow(UnsupportedError);
    await expect(openGpu({ adapter: 'Voodoo 2' })).rejects.toThrow(
      /^openGpu: adapter is 'Voodoo 2', wanted 'auto', 'system', 'swiftshader' or a part of the name of one of the system's adapters: /,
    );
  });

  test('takes the adapter of the environment variable, unless the options name one', async () => {
    vi.stubEnv('CALM_ADAPTER', 'swiftshader');
    expect((await openGpu()).description.source).toBe('embedded SwiftShader');
    vi.stubEnv('CALM_ADAPTER', 'Voodoo 2');
    expect((await openGpu({ adapter: 'swiftshader' })).description.source).toBe('embedded SwiftShader');
    vi.unstubAllEnvs();
  });

  test('lists every adapter and marks the one it takes', async () => {
    const listings = await listAdapters({ adapter: 'swiftshader' });
    expect(listings.filter(({ selected }) => selected).map(({ description }) => description.source)).toEqual([
      'embedded SwiftShader',
    ]);
    for (const { features, limits } of listings) {
      expect(features).toContain('core-features-and-limits');
      expect(limits['maxStorageBuffersPerShaderStage']).toBeGreaterThanOrEqual(8);
    }
  });
});

describe('a process of its own', () => {
  test('falls back on the embedded SwiftShader without a Vulkan driver, and ends by itself', async () => {
    const output = await openInChild({ VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' });
    expect(output).toContain('embedded SwiftShader: 4,9,16');
    expect(output).toContain('the system has no adapter that Dawn accepts');
  });

  test('says what to install when only the system may serve and cannot', async () => {
    await expect(
      openInChild({
        VK_DRIVER_FILES: '/nonexistent',
        VK_ICD_FILENAMES: '/nonexistent',
        CALM_ADAPTER: 'system',
      }),
    ).rejects.toThrow('Install a GPU driver with Vulkan, or Mesa 24 or later');
  });

  test('survives a garbage collection while only the device is referenced', async () => {
    // Without the references that open.node.ts keeps, Dawn aborts here.
    expect(await openInChild({}, '--expose-gc')).toContain(': 4,9,16');
  });
});

describe('the embedded SwiftShader', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'calm-open-'));
    vi.stubEnv('TMPDIR', folder);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test('is unpacked once, and again when a file is damaged', () => {
    const { manifest, loader } = unpackSwiftShader();
    expect(dirname(dirname(manifest))).toBe(folder);
    const size = statSync(loader).size;
    const { ino } = statSync(manifest);
    unpackSwiftShader();
    expect(statSync(manifest).ino).toBe(ino);
    truncateSync(loader, 100);
    unpackSwiftShader();
    expect(statSync(loader).size).toBe(size);
  });

  test('is unpacked by several processes at once', async () => {
    const outputs = await Promise.all(
      [1, 2, 3].map(async () => openInChild({ TMPDIR: folder, CALM_ADAPTER: 'swiftshader' })),
    );
    for (const output of outputs) expect(output).toContain('embedded SwiftShader: 4,9,16');
    expect(readdirSync(folder)).toHaveLength(1);
  });

  test('is not taken from a folder that others can write to', () => {
    const { manifest } = unpackSwiftShader();
    chmodSync(dirname(manifest), 0o777);
    expect(() => unpackSwiftShader()).toThrow('not a folder that only you can write to');
  });
});

describe('waitPolitely', () => {
  test('passes on values and errors', async () => {
    expect(await waitPolitely(Promise.resolve(7))).toBe(7);
    await expect(waitPolitely(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
  });

  test('holds the event loop back while it waits, but not timers, and only while it waits', async () => {
    const turnsDuring = async (wait: (promise: Promise<void>) => Promise<void>): Promise<number> => {
      let turns = 0;
      let running = true;
      const turn = (): void => {
        turns += 1;
        if (running) setImmediate(turn);
      };
      setImmediate(turn);
      await wait(new Promise((resolve) => setTimeout(resolve, 300)));
      running = false;
      return turns;
    };
    const ticks: number[] = [];
    const timer = setInterval(() => ticks.push(performance.now()), 20);
    const polite = await turnsDuring(waitPolitely);
    clearInterval(timer);
    const plain = await turnsDuring((promise) => promise);
    // 300 ms in sleeps of at most 1 ms, about 60 shorter ones at the start; a free loop makes hundreds of thousands of turns.
    expect(polite).toBeLessThan(600);
    expect(plain).toBeGreaterThan(3 * polite);
    // 15 ticks are due; a busy machine may drop some.
    expect(ticks.length).toBeGreaterThan(5);
  });
});

describe('openGpu in a page', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  test('says what is missing', async () => {
    vi.stubGlobal('navigator', {});
    await expect(browser.openGpu()).rejects.toThrow('this page has no WebGPU');
    expect(await browser.listAdapters()).toEqual([]);
    vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => null } });
    await expect(browser.openGpu()).rejects.toThrow('the browser offers no adapter');
    await expect(browser.openGpu({ adapter: 'swiftshader' })).rejects.toThrow("wanted 'auto' or 'system'");
  });

  test('takes the adapter of the browser', async () => {
    const { adapter } = await openGpu();
    vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
    const opened = await browser.openGpu();
    expect(opened.adapter).toBe(adapter);
    expect(opened.description.source).toBe('navigator.gpu');
    const [listing] = await browser.listAdapters();
    expect(listing?.selected).toBe(true);
    expect(listing?.limits).toHaveProperty('maxBufferSize');
  });
});
