import type { Page } from 'playwright';
import { beforeAll, expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';
import { blockedShare, downloaded, MOST_BLOCKED } from './demo.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { generateBirdlet } from '../../src/data/birdlets/generate.ts';
import { join } from 'node:path';
import { METADATA_FIELD } from '../../src/train/foreign_checkpoint.ts';
import { nodeExplanation } from './node_explanation.ts';
import { parseSafetensors, serializeSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { readFileSync } from 'node:fs';
import { serializeTorch } from '../../src/model/files/torch_writer.ts';

const CHECKPOINT = join(import.meta.dirname, '..', '..', 'demo', 'assets', 'birdlets.safetensors');
const LABEL = 2;
/** A test picture that the shipped model never saw. */
const photo = generateBirdlet(1, 55_440_000 + LABEL, { size: 256 }).image;
const png = encodePng(photo);

const file = (name: string, buffer: Buffer | Uint8Array, mimeType = 'image/png') => ({
  name,
  mimeType,
  buffer: Buffer.from(buffer),
});

describeDemo('Explain', (demo) => {
  let page: Page;
  beforeAll(async () => {
    page = await demo().open();
  });

  const caption = (): Promise<string> => page.locator('#picture-caption').innerText();
  const waitFor = (selector: string, text: string | RegExp): Promise<void> =>
    page.locator(selector).filter({ hasText: text }).waitFor();

  test('shows the shipped model on a drawn bird, with six maps and the time of each stage', async () => {
    await waitFor('#model-line', 'birdlets.safetensors, CALM-EM on resnet18, 12 classes');
    expect(await page.locator('#maps label').count()).toBe(6);
    expect(await page.locator('#class-rows tr[aria-current="true"] .name').innerText()).toBe(
      'Gold winged Finch',
    );
    expect(await page.locator('#stage-rows tr').allInnerTexts()).toHaveLength(5);
    expect(await page.locator('#caveat').isVisible()).toBe(false);
    await page.locator('#examples button').last().waitFor();
    await demo().screenshot(page, 'explain');
  });

  test('gives the maps that Node gives of the same picture and checkpoint', async () => {
    await page.setInputFiles('#picture-file', file('bird.png', png));
    await waitFor('#picture-caption', 'bird.png, 256 × 256');
    await waitFor('#map-summary', 'Scarlet Bartail');
    // Whatever it is a photo of, one of twelve drawn birds is the answer.
    expect(await page.locator('#caveat').innerText()).toContain('knows drawn birds of twelve species');
    const { name, bytes } = await downloaded(page, () => page.click('#save-maps'));
    expect(name).toBe('bird.safetensors');
    const { tensors } = parseSafetensors(bytes);
    expect([...tensors.keys()].toSorted()).toEqual([
      'conditional',
      'counterfactual',
      'joint',
      'posterior',
      'saliency',
      'subset',
    ]);
    const wanted = await nodeExplanation(CHECKPOINT, photo, LABEL);
    for (const [map, values] of wanted) {
      const tensor = tensors.get(map);
      if (tensor === undefined) throw new Error(`no ${map} was saved`);
      const got = toFloat32(tensor);
      expect(got.length).toBe(values.length);
      // Browser and Node compute on the same SwiftShader with their own Dawn; decoding a PNG leaves no choice. Probabilities of some
      // hundredths, by sums of a few hundred products: 1e-5 of the largest.
      const largest = Math.max(...values.map(Math.abs));
      got.forEach((value, i) =>
        expect(Math.abs(value - (values[i] ?? NaN))).toBeLessThanOrEqual(1e-5 * largest),
      );
    }
  });

  test('the most probable classes, and the others when asked for', async () => {
    const rows = page.locator('#class-rows tr');
    await waitFor('#class-count', `${await rows.count()} of 12 classes`);
    await page.click('#class-more');
    expect(await rows.count()).toBe(12);
    expect(await page.locator('#class-count').isVisible()).toBe(false);
  });

  test('a class, another to compare with, a set to sum over', async () => {
    await page.locator('#class-select').selectOption({ label: 'Golden Bartail' });
    await waitFor('#map-summary', 'Where the cue for Golden Bartail is');
    await page.locator('#class-rows .name').filter({ hasText: 'Scarlet Bartail' }).click();
    await waitFor('#map-summary', 'Where the cue for Scarlet Bartail is');
    await page.getByRole('radio', { name: /^Counterfactual/ }).check({ force: true });
    await page.locator('#versus-select').selectOption({ label: 'Mossy Bartail' });
    await waitFor('#map-summary', 'Why Scarlet Bartail (orange) rather than Mossy Bartail (blue).');
    // The scale is centred on zero.
    const [low, high] = await Promise.all(
      ['#scale-low', '#scale-high'].map((id) => page.locator(id).innerText()),
    );
    expect(Number((low ?? '').replace('−', '-'))).toBe(-Number(high));
    await demo().screenshot(page, 'counterfactual');
    await page.getByRole('radio', { name: /^Sum/ }).check({ force: true });
    await waitFor('#map-summary', 'Scarlet Bartail, Golden Bartail, Snowy Bartail, Mossy Bartail together');
    await page.getByRole('checkbox', { name: 'Sum over Golden Bartail' }).uncheck();
    await waitFor('#map-summary', 'Scarlet Bartail, Snowy Bartail, Mossy Bartail together');
    await page.getByRole('radio', { name: /^Joint/ }).check({ force: true });
  });

  test('a box reads the probability that the cue was inside', async () => {
    const answer = (): Promise<string> => page.locator('#box-answer').innerText();
    for (const [edge, value] of [
      ['left', 0],
      ['top', 0],
      ['right', 100],
      ['bottom', 100],
    ] as const)
      await page.fill(`#box-${edge}`, String(value));
    expect(await answer()).toContain('with probability 100.0 %');
    await page.fill('#box-right', '50');
    const left = Number(/probability ([\d.]+) %/.exec(await answer())?.[1]);
    await page.fill('#box-right', '100');
    await page.fill('#box-left', '50');
    const right = Number(/probability ([\d.]+) %/.exec(await answer())?.[1]);
    // Each is rounded to a tenth.
    expect(Math.abs(left + right - 100)).toBeLessThanOrEqual(0.11);
    await page.click('#box-clear');
    expect(await answer()).toContain('Drag a box');

    await page.locator('#stage').scrollIntoViewIfNeeded();
    const area = await page.locator('#stage').boundingBox();
    if (area === null) throw new Error('no stage');
    await page.mouse.move(area.x + area.width * 0.4, area.y + area.height * 0.3);
    await page.mouse.down();
    await page.mouse.move(area.x + area.width * 0.6, area.y + area.height * 0.6, { steps: 5 });
    await page.mouse.up();
    expect(await answer()).toMatch(
      /The cue for Scarlet Bartail was inside this box with probability [\d.]+ %/,
    );
    expect(Number(await page.inputValue('#box-top'))).toBeCloseTo(30, -0.5);
    await demo().screenshot(page, 'box');
    await page.click('#box-clear');
  });

  test('opacity and threshold; the PNG that is saved has the size of the picture', async () => {
    const clear = (): Promise<number> =>
      page.evaluate(async () => {
        const layer = document.querySelector<HTMLCanvasElement>('#layer-canvas');
        if (layer === null) throw new Error('no layer');
        const copy = new OffscreenCanvas(layer.width, layer.height);
        const context = copy.getContext('2d');
        context?.drawImage(await createImageBitmap(layer), 0, 0);
        const data = context?.getImageData(0, 0, layer.width, layer.height).data ?? [];
        let count = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i] === 0) count++;
        return count / (layer.width * layer.height);
      });
    expect(await clear()).toBe(0);
    await page.locator('#threshold').fill('50');
    await expect.poll(clear, { timeout: 30_000 }).toBeGreaterThan(0.5);
    expect(await clear()).toBeLessThan(1);
    await page.locator('#opacity').fill('40');
    expect(await page.locator('#layer-canvas').evaluate((layer) => getComputedStyle(layer).opacity)).toBe(
      '0.4',
    );
    const { name, bytes } = await downloaded(page, () => page.click('#save-png'));
    expect(name).toBe('bird.joint.png');
    expect([bytes.readUInt32BE(16), bytes.readUInt32BE(20)]).toEqual([256, 256]);
    await page.locator('#threshold').fill('0');
    await page.locator('#opacity').fill('80');
  });

  test('a picture is dropped, pasted, or taken by the camera', async () => {
    const base64 = Buffer.from(png).toString('base64');
    const sent = (kind: 'drop' | 'paste', name: string): Promise<void> =>
      page.evaluate(
        async ([how, fileName, content]) => {
          const blob = await (async () => {
            const text = atob(content ?? '');
            return Uint8Array.from(text, (character) => character.charCodeAt(0));
          })();
          const data = new DataTransfer();
          data.items.add(new File([blob], fileName ?? '', { type: 'image/png' }));
          const target = document.querySelector('#stage');
          target?.dispatchEvent(
            how === 'drop'
              ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
              : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
          );
        },
        [kind, name, base64],
      );
    await sent('drop', 'dropped.png');
    await waitFor('#picture-caption', 'dropped.png');
    await sent('paste', 'image.png');
    await waitFor('#picture-caption', 'pasted picture');
    await page.click('#camera');
    await page.waitForFunction(() => (document.querySelector('video')?.videoWidth ?? 0) > 0);
    await page.click('#camera-take');
    await waitFor('#picture-caption', 'camera.png');
    expect(await caption()).toMatch(/camera\.png, \d+ × \d+/);
  });

  test('the Paste button: a picture, none, and a browser that does not let the page read', async () => {
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.evaluate(async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const blob = new Blob([bytes], { type: 'image/png' });
      await navigator.clipboard.write([new ClipboardItem({ 'image/png': blob })]);
    }, Buffer.from(png).toString('base64'));
    await page.click('#paste');
    await waitFor('#picture-caption', 'pasted picture, 256 × 256');
    await page.evaluate(() => navigator.clipboard.writeText('no picture'));
    await page.click('#paste');
    await waitFor('.notice', 'There is no picture on the clipboard');
    await page.context().clearPermissions();
    await page.click('#paste');
    await waitFor('.notice', 'The browser keeps the clipboard to itself. Press Ctrl+V');
    expect(await page.locator('.notice').count()).toBe(1);
    await page.setInputFiles('#picture-file', file('bird.png', png));
    await waitFor('#picture-caption', 'bird.png');
    expect(await page.locator('.notice').count()).toBe(0);
  });

  test('other checkpoints: .pth that knows itself, and one that does not say which loss trained its head', async () => {
    const { tensors, metadata } = parseSafetensors(readFileSync(CHECKPOINT));
    const known = serializeTorch(tensors, {
      fields: new Map([[METADATA_FIELD, JSON.stringify(Object.fromEntries(metadata))]]),
    });
    await page.setInputFiles('#model-file', file('known.pth', Buffer.concat(known)));
    await waitFor('#model-line', 'known.pth, CALM-EM on resnet18, 12 classes, 64 × 64');

    const bare = file('bare.safetensors', serializeSafetensors(tensors, []));
    await page.setInputFiles('#model-file', bare);
    await page.locator('#head-choice').waitFor();
    expect(await page.locator('#model-line').innerText()).toContain('known.pth');
    await page.locator('#head-kind').selectOption('cam');
    await page.locator('#head-choice button').click();
    await waitFor('#model-line', 'bare.safetensors, CAM on resnet18');
    await waitFor('#map-summary', 'no probabilities');
    expect(await page.locator('#maps label').count()).toBe(2);
    // Its maps are no probabilities, and nobody says what it was trained on.
    for (const id of ['#cue-box', '#box', '#caveat'])
      expect(await page.locator(id).isVisible(), id).toBe(false);
    await page.click('#own-model');
    await waitFor('#model-line', 'birdlets.safetensors, CALM-EM');
    await page.locator('#cue-box').waitFor();
    expect(await page.locator('#caveat').isVisible()).toBe(true);
  });

  test('all of this left the page free to answer', async () => {
    expect(await blockedShare(page)).toBeLessThan(MOST_BLOCKED);
  });
});
