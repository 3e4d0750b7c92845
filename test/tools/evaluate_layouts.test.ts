import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { calm } from './calm.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { dirname, join } from 'node:path';
import { encodePng } from '../../src/data/png/png.node.ts';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { RandomStream } from '../../src/runtime/random.ts';
import { saveModel } from '../../src/train/checkpoint.node.ts';
import { tmpdir } from 'node:os';

const SIDE = 48;
const NAMES = ['one', 'two', 'three', 'four'] as const;

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'calm-layouts-'));
  const engine = await createEngine();
  const model = createModel(engine, {
    architecture: 'resnet18',
    head: 'cam',
    classes: 2,
    layers: [1],
    widths: [8],
    strides: [1],
    stem: { width: 8, kernel: 3, stride: 2, pool: false },
    seed: 1,
  });
  await saveModel(join(home, 'cam.safetensors'), model, { crop: 32 });
  model.dispose();
  engine.destroy();
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A picture of noise, or white where `inside`. */
function picture(inside: ((x: number) => boolean) | null): Uint8Array {
  const stream = new RandomStream(1);
  const data = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    if (inside === null) return stream.integer(256);
    return inside(Math.floor(i / 3) % SIDE) ? 255 : 0;
  });
  return encodePng({ width: SIDE, height: SIDE, data });
}

async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(home, path)), { recursive: true });
  await writeFile(join(home, path), content);
}

/** One column of the only row after `calm evaluate --metrics wsol`. */
async function measured(folder: string, heading: string): Promise<number | null> {
  const out = join(home, 'out', folder);
  const { code, errors } = await calm(
    'evaluate',
    join(home, 'cam.safetensors'),
    ...['--data', join(home, folder), '--metrics', 'wsol', '--size', '48', '--gallery', '1', '--out', out],
  );
  expect(errors.replaceAll(/^Warning: max.*\n/gm, '')).toBe('');
  expect(code).toBe(0);
  const { table } = JSON.parse(await readFile(join(out, 'table.json'), 'utf8')) as {
    readonly table: {
      readonly columns: readonly { readonly heading: string }[];
      readonly rows: readonly { readonly values: readonly (number | null)[] }[];
    };
  };
  return table.rows[0]?.values[table.columns.findIndex((column) => column.heading === heading)] ?? null;
}

describe('calm evaluate', () => {
  test("takes OpenImages30k's pictures, masks and ignore masks", async () => {
    const ids = NAMES.map((name, i) => `test/${i % 2 === 0 ? 'aa' : 'bb'}/${name}.jpg`);
    for (const id of ids) {
      const stem = id.slice(0, -'.jpg'.length);
      await write(`OpenImages/${id}`, picture(null));
      await write(
        `OpenImages/${stem}_m0.png`,
        picture((x) => x < SIDE / 2),
      );
      // Everything but the object: then no pixel is left that a map could wrongly score high.
      await write(
        `OpenImages/${stem}_ignore.png`,
        picture((x) => x >= SIDE / 2),
      );
    }
    const lists = 'OpenImages/metadata/test';
    await write(`${lists}/image_ids.txt`, ids.join('\n'));
    await write(`${lists}/class_labels.txt`, ids.map((id, i) => `${id},${i % 2}`).join('\n'));
    const masks = (ignored: boolean): string =>
      ids
        .map((id) => id.slice(0, -'.jpg'.length))
        .map((stem) => `${stem}.jpg,${stem}_m0.png,${ignored ? `${stem}_ignore.png` : ''}`)
        .join('\n');
    await write(`${lists}/localization.txt`, masks(true));
    expect(await measured('OpenImages', 'PxAP')).toBe(100);
    expect(await measured('OpenImages', 'MaxBoxAcc')).toBeNull();
    await rm(join(home, 'out'), { recursive: true });
    await write(`${lists}/localization.txt`, masks(false));
    const score = await measured('OpenImages', 'PxAP');
    // An untrained model knows next to nothing of a mask that is half of the picture.
    expect(score).toBeGreaterThan(20);
    expect(score).toBeLessThan(90);
  });

  test("takes ILSVRC's pictures and boxes in the pictures' own pixels", async () => {
    const ids = NAMES.map((_, i) => `val/ILSVRC2012_val_0000000${i + 1}.JPEG`);
    for (const id of ids) await write(`ILSVRC/${id}`, picture(null));
    const lists = 'ILSVRC/metadata/test';
    await write(`${lists}/image_ids.txt`, ids.join('\n'));
    await write(`${lists}/class_labels.txt`, ids.map((id, i) => `${id},${i % 2}`).join('\n'));
    // As large as the picture says it is, which is not as large as it is.
    const boxes = (size: number, [x, y]: readonly [number, number]): string =>
      ids.map((id) => `${id},0,0,${Math.round(size * x)},${Math.round(size * y)}`).join('\n');
    await write(`${lists}/image_sizes.txt`, ids.map((id) => `${id},400,400`).join('\n'));
    await write(`${lists}/localization.txt`, boxes(400, [1, 1]));
    // At the lowest threshold the box is nearly the whole picture.
    expect(await measured('ILSVRC', 'MaxBoxAcc')).toBe(100);
    await rm(join(home, 'out'), { recursive: true });
    await write(`${lists}/localization.txt`, boxes(400, [0.02, 0.02]));
    expect(await measured('ILSVRC', 'MaxBoxAcc')).toBe(0);
    expect(await measured('ILSVRC', 'PxAP')).toBeNull();
  });
});
