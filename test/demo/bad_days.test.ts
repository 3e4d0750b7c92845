import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { crc32, deflateSync } from 'node:zlib';
import { describeDemo } from './describe_demo.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { generateBirdlet } from '../../src/data/birdlets/generate.ts';
import { join } from 'node:path';
import { blockedShare, MOST_BLOCKED } from './demo.ts';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseSafetensors, serializeSafetensors } from '../../src/model/safetensors.ts';
import { tmpdir } from 'node:os';
import { toWorker } from './worker_shim.ts';

const fixtures = join(import.meta.dirname, '..', 'fixtures');
const OWN_MODEL = join(import.meta.dirname, '..', '..', 'demo', 'assets', 'birdlets.safetensors');
const TOO_LARGE =
  'There is not enough memory for this. Close other tabs, or take a smaller picture, model or batch.';
const png = encodePng(generateBirdlet(1, 55_440_002, { size: 96 }).image);

const file = (name: string, content: Uint8Array, mimeType = 'image/png') => ({
  name,
  mimeType,
  buffer: Buffer.from(content),
});

const notice = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator('.notice').filter({ hasText: text }).waitFor();

/** The page explains as if nothing had been. */
async function explains(page: Page, name: string): Promise<void> {
  await page.setInputFiles('#picture-file', file(name, png));
  await page
    .locator('#picture-caption')
    .filter({ hasText: `${name}, 96 × 96` })
    .waitFor();
  await page.locator(`#picture-canvas[aria-label^="${name}, explained as"]`).waitFor();
  expect(await page.locator('.notice[data-matter="picture"]').allInnerTexts()).toEqual([]);
}

/** A GIF of two frames of one pixel each. */
const animation = Uint8Array.from([
  ...Buffer.from('GIF89a'),
  ...[1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255],
  ...[0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0],
  ...[0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0],
  0x3b,
]);

/** A chunk of a PNG file. */
function chunk(type: string, data: Buffer): Buffer {
  const bytes = Buffer.alloc(12 + data.length);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  data.copy(bytes, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}

/** A grey PNG of any size, brighter from row to row; without `rows` it ends after its header. */
function greyPng(width: number, height: number, { rows = true } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const parts = [Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header)];
  if (rows) {
    const data = Buffer.alloc(height * (width + 1));
    for (let y = 0; y < height; y++)
      data.fill((y * 255) / height, y * (width + 1) + 1, (y + 1) * (width + 1));
    parts.push(chunk('IDAT', deflateSync(data, { level: 1 })), chunk('IEND', Buffer.alloc(0)));
  }
  return Buffer.concat(parts);
}

describeDemo('Bad days', (demo) => {
  test('pictures: damaged, empty, too large, animated, turned by EXIF, of no picture at all', async () => {
    const page = await demo().open();
    const cut = readFileSync(join(fixtures, 'images', 'orientation', '6.jpg')).subarray(0, 40);
    for (const [name, content, message] of [
      ['damaged.png', png.subarray(0, 30), 'damaged.png is no picture that this browser can read'],
      ['cut.jpg', cut, 'cut.jpg is no picture that this browser can read'],
      ['empty.png', new Uint8Array(), 'empty.png is empty'],
      [
        'huge.png',
        greyPng(20_000, 6_000, { rows: false }),
        'huge.png has 120 megapixels (20000 × 6000); this page takes up to 100',
      ],
    ] as const) {
      await page.setInputFiles('#picture-file', file(name, content));
      await notice(page, message);
      expect(await page.locator('.notice').count()).toBe(1);
    }
    await demo().screenshot(page, 'damaged_picture');
    await explains(page, 'after.png');

    await page.setInputFiles('#picture-file', file('moving.gif', animation, 'image/gif'));
    await page
      .locator('#picture-caption')
      .filter({ hasText: 'It is animated; its first frame is explained.' })
      .waitFor();

    // Stored lying on its side: orientation 6 turns it upright.
    const lying = readFileSync(join(fixtures, 'images', 'orientation', '6.jpg'));
    const upright = readFileSync(join(fixtures, 'images', 'orientation', '6.upright.png'));
    await page.setInputFiles('#picture-file', file('turned.jpg', lying, 'image/jpeg'));
    await page
      .locator('#picture-caption')
      .filter({ hasText: `turned.jpg, ${upright.readUInt32BE(16)} × ${upright.readUInt32BE(20)}` })
      .waitFor();
    await page.context().close();
  });

  test('a photo of 100 megapixels is explained, and the page answers meanwhile', async () => {
    const page = await demo().open();
    const folder = mkdtempSync(join(tmpdir(), 'calm-webgpu-photo-'));
    try {
      // From the disk, as a user's comes: given as bytes, the test's own driver would make a file of them in the page.
      const path = join(folder, 'large.png');
      writeFileSync(path, greyPng(10_000, 10_000));
      await page.setInputFiles('#picture-file', path);
      await page.locator('#picture-canvas[aria-label^="large.png, explained as"]').waitFor();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    expect(await page.locator('#picture-caption').innerText()).toBe(
      'large.png, 10000 × 10000. Scaled down to 1024 × 1024.',
    );
    expect(await blockedShare(page)).toBeLessThan(MOST_BLOCKED);
    await page.context().close();
  });

  test('checkpoints: of nothing, damaged, of another network; the model before stays', async () => {
    const page = await demo().open();
    const own = readFileSync(OWN_MODEL);
    // Two names become one: what stands between them is overwritten with blanks.
    const misnamed = Buffer.from(own);
    const between = String.raw`\",\"`;
    const place = misnamed.indexOf(between, misnamed.indexOf('classNames'));
    misnamed.fill(' ', place, place + between.length);
    for (const [name, content, message] of [
      ['empty.pth', new Uint8Array(), 'empty.pth is empty'],
      ['text.pth', Buffer.from('hello'), 'text.pth'],
      ['cut.safetensors', own.subarray(0, own.length / 2), 'cut.safetensors'],
      ['misnamed.safetensors', misnamed, 'misnamed.safetensors names 11 classes, but its model has 12'],
      [
        'numbers.safetensors',
        readFileSync(join(fixtures, 'safetensors', 'numpy.safetensors')),
        'no classifier that this page knows',
      ],
    ] as const) {
      await page.setInputFiles('#model-file', file(name, content));
      await notice(page, message);
      expect(await page.locator('.notice').count()).toBe(1);
    }
    await demo().screenshot(page, 'wrong_checkpoint');
    expect(await page.locator('#model-line').innerText()).toContain('birdlets.safetensors');
    await explains(page, 'after.png');
    // What became of the models is no longer of interest.
    expect(await page.locator('.notice').count()).toBe(0);
    await page.context().close();
  });

  test('a lost device: a message, and the next picture is explained on a new one', async () => {
    const page = await demo().open();
    await toWorker(page, 'destroy');
    await notice(page, 'The graphics device was lost');
    await demo().screenshot(page, 'device_lost');
    await explains(page, 'after.png');
    expect(await page.locator('.notice').count()).toBe(0);
    await page.context().close();
  });

  test('the GPU process crashes: the same', async () => {
    const page = await demo().open();
    const session = await demo().browser.newBrowserCDPSession();
    await session.send('Browser.crashGpuProcess' as 'Browser.close');
    await notice(page, 'The graphics device was lost');
    await explains(page, 'after.png');
    await page.context().close();
  });

  test('out of memory: a message, and the page goes on', async () => {
    const page = await demo().open();
    await toWorker(page, 'memory');
    await expect
      .poll(
        async () => {
          await page.locator('#class-rows .name').nth(1).click();
          // Until this request is answered: the word may have reached the worker after it.
          await page.waitForTimeout(1000);
          return page.locator('.notice').count();
        },
        { timeout: 30_000 },
      )
      .toBe(1);
    await notice(page, TOO_LARGE);
    await explains(page, 'after.png');
    await page.context().close();
  });

  test('the computing part ends: a message, and another one takes over', async () => {
    const page = await demo().open();
    await toWorker(page, 'crash');
    await notice(page, "The page's computing part has ended");
    await explains(page, 'after.png');
    await page.context().close();
  });
});

describeDemo(
  'A browser without WebGPU',
  (demo) => {
    test('is told what to do, by browser', async () => {
      const page = await demo().open({ ready: false });
      await page.locator('#no-webgpu').waitFor();
      const text = await page.locator('#no-webgpu').innerText();
      expect(text).toMatch(/gives the page no WebGPU[^]*Chrome and Edge: Version 113[^]*Other browsers/);
      expect(await page.locator('.notice').count()).toBe(0);
      await demo().screenshot(page, 'no_webgpu');
      // What needs no GPU works.
      await page.goto(`${demo().url}#kernels/add/add`);
      await page.locator('#kernel').filter({ hasText: 'Elementwise sum' }).waitFor();
    });
  },
  { shim: `Object.defineProperty(navigator, 'gpu', { value: undefined });` },
);

/** The least that WebGPU promises: no optional feature, default limits. */
const WEAK_ADAPTER = `{
  const least = {
    maxBufferSize: 268435456, maxStorageBufferBindingSize: 134217728, maxComputeWorkgroupStorageSize: 16384,
    maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupSizeX: 256, maxComputeWorkgroupSizeY: 256,
    maxComputeWorkgroupSizeZ: 64, maxStorageBuffersPerShaderStage: 8,
  };
  Object.defineProperty(GPUAdapter.prototype, 'features', { get: () => new Set() });
  const limits = Object.getOwnPropertyDescriptor(GPUAdapter.prototype, 'limits');
  Object.defineProperty(GPUAdapter.prototype, 'limits', {
    get() { return new Proxy(limits.get.call(this), { get: (all, name) => least[name] ?? Reflect.get(all, name, all) }); },
  });
}`;

/** The shipped model, saying that it wants pictures of another size. */
function ownModelOfSide(side: number): Uint8Array {
  const { tensors, metadata } = parseSafetensors(readFileSync(OWN_MODEL));
  const info = { ...(JSON.parse(metadata.get('info') ?? '') as object), crop: side };
  return serializeSafetensors(tensors, new Map(metadata).set('info', JSON.stringify(info)));
}

describeDemo(
  'An adapter without subgroups, f16 and timestamps, with the least limits',
  (demo) => {
    test('explains and trains', async () => {
      const page = await demo().open();
      expect(await page.locator('#class-rows tr[aria-current="true"] .name').innerText()).toBe(
        'Gold winged Finch',
      );
      await page.goto(`${demo().url}#kernels`);
      await page.click('#kernel-measure');
      await notice(page, 'gives the page no timestamps');
      await page.goto(`${demo().url}#train`);
      await expect.poll(() => page.locator('.notice').count()).toBe(0);
      await page.fill('#training-pictures', '12');
      await page.fill('#training-batch', '6');
      await page.fill('#training-epochs', '1');
      await page.click('#training-start');
      // The portable kernels are no match for SwiftShader.
      await page
        .locator('#training-line')
        .filter({ hasText: 'Done: step 2 of 2' })
        .waitFor({ timeout: 90_000 });
      await page.context().close();
    });

    test('a model for pictures that are too large for it: one message, and the page goes on', async () => {
      const page = await demo().open();
      // In float32 141 MiB, where a binding holds 128.
      await page.setInputFiles('#model-file', file('large.safetensors', ownModelOfSide(3_500)));
      await notice(page, TOO_LARGE);
      expect(await page.locator('.notice').count()).toBe(1);
      await page.click('#own-model');
      await page.locator('#model-line').filter({ hasText: 'birdlets.safetensors' }).waitFor();
      await explains(page, 'after.png');
      expect(await page.locator('.notice').allInnerTexts()).toEqual([]);
      await page.context().close();
    });
  },
  { shim: WEAK_ADAPTER },
);
