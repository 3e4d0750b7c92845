import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import { calm, startCalm } from './calm.ts';
import { mapSum } from '../../src/attribution/maps.ts';
import { openCub } from '../../src/data/cub.node.ts';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { readImage } from '../../src/data/decode.node.ts';
import { readSafetensors } from '../../src/model/safetensors.node.ts';
import { toFloat32 } from '../../src/model/safetensors.ts';
import type { ImageResult } from '../../tools/explain/results.ts';
import type { RunRecord } from '../../tools/training/configuration.ts';

/** Small enough for a second an epoch on a software adapter; the slow posterior makes the checkpoint hold theta' too. */
const TINY = [
  ...['--birdlets', '--birdlets-size', '48', '--birdlets-images', '24,10,10', '--architecture', 'resnet18'],
  ...['--layers', '1,1', '--widths', '8,16', '--small-stem', '--batch', '8', '--lr', '0.01'],
  ...['--posterior', 'ema:0.9', '--schedule', 'constant', '--seed', '3'],
];

interface LogLine {
  readonly kind: 'session' | 'step' | 'epoch' | 'evaluation';
  readonly epoch: number;
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

let folder: string;
let birdlets: string;
let trained: string;

const path = (...parts: readonly string[]): string => join(folder, ...parts);

async function readLog(run: string): Promise<LogLine[]> {
  const text = await readFile(join(run, 'log.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);
}

const readJson = async (file: string): Promise<unknown> =>
  JSON.parse(await readFile(file, 'utf8')) as unknown;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calm-commands-'));
  birdlets = path('birdlets');
  trained = path('whole');
  const run = await calm('train', ...TINY, '--data', birdlets, '--epochs', '2', '--out', trained);
  if (run.code !== 0) throw new Error(`calm train ended with ${run.code}: ${run.output}${run.errors}`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('calm', () => {
  test('explains itself', async () => {
    const { code, output } = await calm('--help');
    expect(code).toBe(0);
    for (const command of ['train', 'explain', 'devices']) expect(output).toContain(command);
  });

  test('lists the adapters, one of which is used', async () => {
    const { code, output } = await calm('devices', '--json');
    expect(code).toBe(0);
    const listings = JSON.parse(output) as { selected: boolean; limits: Record<string, number> }[];
    expect(listings.filter(({ selected }) => selected)).toHaveLength(1);
    expect(listings[0]?.limits['maxBufferSize']).toBeGreaterThan(2 ** 20);
    const text = await calm('devices');
    expect(text.code).toBe(0);
    expect(text.output).toContain('is used');
  });

  test.concurrent.each([
    [['fly'], "unknown command 'fly'"],
    [['train', '--data', 'y'], 'nowhere to put the run, wanted --out FOLDER'],
    [['train', '--out', 'x', '--data', 'y', '--epochs', '0'], 'a whole number >= 1'],
    [
      ['train', '--out', 'x', '--data', 'y', '--config', 'no-such.json'],
      'no-such.json: there is no such file',
    ],
    [['train', '--out', 'x'], 'wanted --data FOLDER or --birdlets'],
    [['train', '--out', 'x', '--data', 'y', '--head', 'calm'], 'cam, calm-em, calm-ml'],
    [['train', '--out', 'x', '--data', 'y', '--batch', '0'], 'a whole number >= 1'],
    [['train', '--out', 'x', '--data', 'y', '--micro-batch', '0'], 'a whole number >= 1'],
    [['train', '--out', 'x', '--data', 'y', '--output-stride', '8', '--large-feature-map'], 'cannot be used'],
    [['train', '--out', 'x', '--data', 'y', '--sync-batch-norm', '--micro-batch', '8'], 'cannot be used'],
    [
      ['train', '--out', 'x', '--data', 'y', '--birdlets-size', '64'],
      '--birdlets-size given without --birdlets',
    ],
    [['train', '--out', 'no-such-run', '--resume'], 'holds no run'],
    [['explain'], "missing required argument 'images'"],
    [['explain', 'a.png'], 'one of --checkpoint FILE and --weights FILE'],
    [
      ['explain', 'a.png', '--weights', 'w', '--checkpoint', 'c'],
      'one of --checkpoint FILE and --weights FILE',
    ],
    [['explain', 'a.png', '--checkpoint', 'c', '--method', 'joint,heat'], "got 'heat'"],
    [['explain', 'a.png', '--checkpoint', 'no-such-checkpoint'], 'no-such-checkpoint: there is no such file'],
    [['evaluate', 'no-such-checkpoint', '--data', 'y'], 'no-such-checkpoint: there is no such file'],
    [['evaluate', tmpdir(), '--data', 'y'], 'this is a folder, wanted a file of weights'],
    [['explain', import.meta.dirname, '--checkpoint', 'c'], 'there is no .png, .jpg or .jpeg in this folder'],
  ])('%j fails with code 1 and says why', async (parameters, message) => {
    const { code, errors } = await calm(...parameters);
    expect(errors).toContain(message);
    expect(code).toBe(1);
    expect(errors).not.toMatch(/^\s+at /m);
  });
});

describe('calm train', () => {
  test('keeps its options, a line a step and an epoch, and both checkpoints', async () => {
    const record = (await readJson(join(trained, 'configuration.json'))) as RunRecord;
    expect(record).toMatchObject({
      options: {
        ...{ epochs: 2, 'global-batch': 8, crop: 48, seed: 3, posterior: 'ema:0.9', schedule: 'constant' },
        ...{ 'weight-decay': 1e-4, groups: 'modules', data: birdlets, birdlets: true },
      },
      evaluated: { split: 'val', images: 10 },
      resolvedModel: {
        architecture: 'resnet18',
        widths: [8, 16],
        head: { kind: 'calm-em', prior: 'softplus' },
      },
    });
    expect(record.sessions).toHaveLength(1);
    expect(record.sessions[0]?.adapter.name).not.toBe('');

    const log = await readLog(trained);
    const kinds = log.map(({ kind, epoch, step }) => `${kind} ${epoch ?? ''} ${step ?? ''}`.trim());
    expect(kinds).toEqual([
      'session',
      ...['step 1 1', 'step 1 2', 'step 1 3', 'epoch 1', 'evaluation 1'],
      ...['step 2 1', 'step 2 2', 'step 2 3', 'epoch 2', 'evaluation 2'],
    ]);
    for (const { kind, loss } of log) if (kind === 'step') expect(loss).toBeGreaterThan(0);

    const last = await readCheckpoint(join(trained, 'last.safetensors'));
    expect(last.training).toMatchObject({ epochsDone: 2, steps: 6 });
    expect(last.info).toMatchObject({ crop: 48, classNames: record.classNames });
    const best = await readCheckpoint(join(trained, 'best.safetensors'));
    expect(best.training).toBeNull();
    const accuracies = log.filter(({ kind }) => kind === 'evaluation').map(({ accuracy }) => accuracy);
    expect(last.info).toMatchObject({ best: { accuracy: Math.max(...accuracies) } });
  });

  test('carried on after an epoch, a run ends with the bits of an uninterrupted one', async () => {
    const parts = path('parts');
    const data = ['--data', birdlets];
    expect((await calm('train', ...TINY, ...data, '--epochs', '1', '--out', parts)).code).toBe(0);
    const second = await calm('train', ...TINY, ...data, '--epochs', '2', '--out', parts);
    expect(second.errors).toContain('holds a run already');
    expect(second.code).toBe(1);
    const changed = await calm('train', '--resume', '--out', parts, '--momentum', '0.5');
    expect(changed.errors).toContain(
      'the run has its own --momentum; only these may change: --workers, --on-bad-',
    );
    expect(changed.code).toBe(1);
    const finished = await calm('train', '--resume', '--out', parts);
    expect(finished.errors).toContain('train on with --epochs N, N > 1');
    expect((await calm('train', '--resume', '--recompute', '--out', parts, '--epochs', '2')).code).toBe(0);

    const whole = await readSafetensors(join(trained, 'last.safetensors'));
    const resumed = await readSafetensors(join(parts, 'last.safetensors'));
    expect([...resumed.tensors.keys()]).toEqual([...whole.tensors.keys()]);
    for (const [name, { bytes }] of whole.tensors)
      expect(Buffer.compare(bytes, resumed.tensors.get(name)?.bytes ?? new Uint8Array()), name).toBe(0);
    const record = (await readJson(join(parts, 'configuration.json'))) as RunRecord;
    expect(record.sessions.map(({ firstEpoch }) => firstEpoch)).toEqual([1, 2]);
  });

  test('--recompute changes no bit, --micro-batch does, and a run keeps both', async () => {
    const tensorsOf = async (run: string) => (await readSafetensors(join(run, 'last.safetensors'))).tensors;
    const whole = await tensorsOf(trained);
    const recomputed = path('recomputed');
    const common = ['train', ...TINY, '--data', birdlets];
    expect((await calm(...common, '--recompute', '--epochs', '2', '--out', recomputed)).code).toBe(0);
    expect(await tensorsOf(recomputed)).toEqual(whole);
    const cut = path('cut');
    expect((await calm(...common, '--micro-batch', '3', '--epochs', '1', '--out', cut)).code).toBe(0);
    expect((await calm('train', '--resume', '--out', cut, '--epochs', '2')).code).toBe(0);
    const name = 'bn1.num_batches_tracked';
    const batches = async (run: string) => (await tensorsOf(run)).get(name)?.bytes[0];
    // Three steps an epoch, each of them in three parts.
    expect([await batches(trained), await batches(cut)]).toEqual([6, 18]);
    const recordOf = async (run: string) => (await readJson(join(run, 'configuration.json'))) as RunRecord;
    expect(await recordOf(recomputed)).toMatchObject({ resolvedModel: { recompute: true } });
    expect(await recordOf(cut)).toMatchObject({
      options: { 'micro-batch': 3, recompute: false },
      resolvedModel: { recompute: false },
    });
  });

  test('interrupted within an epoch, it saves, says how to carry on, ends with 130, and goes on to the same bytes', async () => {
    const [out, whole] = [path('interrupted'), path('not-interrupted')];
    // Twelve steps an epoch: enough for the signal to come before the last one.
    const parameters = [...TINY, '--batch', '2', '--data', birdlets, '--epochs', '3'];
    expect((await calm('train', ...parameters, '--out', whole)).code).toBe(0);
    const { child, ended } = startCalm('train', ...parameters, '--out', out);
    const stepsOf = async (): Promise<number> => {
      const log = await readLog(out).catch(() => []);
      return log.filter(({ kind }) => kind === 'step').length;
    };
    while (child.exitCode === null && (await stepsOf()) < 2) await setTimeout(5);
    child.kill('SIGINT');
    // npm hands Ctrl-C on to its child, which the terminal has told already: still one press.
    await setTimeout(20);
    child.kill('SIGINT');
    const { code, errors } = await ended;
    expect(code, errors).toBe(130);
    expect(errors).toMatch(/saved after (step \d+ of 12 of epoch \d|epoch \d)/);
    expect(errors).toContain(`calm train --resume --out ${out}`);
    const { training } = await readCheckpoint(join(out, 'last.safetensors'));
    expect(training?.steps).toBe(await stepsOf());
    expect(training?.steps).toBeLessThan(36);
    expect((await calm('train', '--resume', '--out', out)).code).toBe(0);
    for (const name of ['last.safetensors', 'best.safetensors'])
      expect(Buffer.compare(await readFile(join(out, name)), await readFile(join(whole, name))), name).toBe(
        0,
      );
  });

  test('--config repeats a run from its configuration.json, but for what the command line says otherwise', async () => {
    const repeated = path('repeated');
    const config = join(trained, 'configuration.json');
    expect((await calm('train', '--config', config, '--out', repeated)).code).toBe(0);
    const bytes = (run: string) => readFile(join(run, 'last.safetensors'));
    expect(Buffer.compare(await bytes(repeated), await bytes(trained))).toBe(0);
    const { options } = (await readJson(config)) as RunRecord;
    expect(((await readJson(join(repeated, 'configuration.json'))) as RunRecord).options).toEqual(options);
    const printed = await calm('train', '--config', config, '--seed', '4', '--print-config');
    expect(JSON.parse(printed.output)).toEqual({ ...options, seed: 4 });
    const file = path('options.json');
    await writeFile(file, JSON.stringify({ ...options, batchSize: 4 }));
    const refused = await calm('train', '--config', file, '--out', path('never'));
    expect([refused.code, refused.errors]).toEqual([
      1,
      expect.stringContaining('there is no option batchSize'),
    ]);
  });

  test('options that do not fit one another are refused, and the folder stays free', async () => {
    const out = path('refused');
    for (const wrong of [
      ['--crop', '48', '--resize', '32'],
      ['--crop', '2000', '--resize', '2048'],
      ['--head', 'cam', '--posterior', 'ema:0.5'],
    ]) {
      const { code, errors } = await calm(
        'train',
        '--data',
        birdlets,
        '--layers',
        '1',
        ...wrong,
        '--out',
        out,
      );
      expect(errors).toMatch(
        /resize is 32, wanted an integer >= 48|--crop is 2000, wanted at most 1024|posterior: the head is cam/,
      );
      expect(code).toBe(1);
    }
    expect(await readdir(out)).toEqual([]);
  });

  test('without a validation split on disk it says that it judges on the test split', async () => {
    const data = path('without-val');
    await cp(birdlets, data, { recursive: true });
    const val = await openCub({ folder: data, split: 'val' });
    for (let index = 0; index < val.length; index++) await rm(val.path(index));
    const out = path('judged-on-test');
    const parameters = ['--data', data, '--only-present', '--architecture', 'resnet18', '--head', 'cam'];
    const size = ['--crop', '32', '--layers', '1', '--widths', '8', '--batch', '8', '--epochs', '1'];
    const { code, output } = await calm('train', ...parameters, ...size, '--out', out);
    expect(output).toContain('judged on the test split');
    expect(code).toBe(0);
    expect(output).toContain('; test accuracy');
    expect(((await readJson(join(out, 'configuration.json'))) as RunRecord).evaluated?.split).toBe('test');
  });
});

interface Explanations {
  readonly images: readonly ImageResult[];
  readonly errors: readonly { readonly path: string; readonly message: string }[];
  readonly labelled?: number;
  readonly right?: number;
}

describe('calm explain', () => {
  test('writes overlays, raw maps that sum to the probability, and goes on after bad files', async () => {
    const test = await openCub({ folder: birdlets, split: 'test' });
    const [first, second] = [test.path(0), test.path(1)];
    const broken = path('broken.png');
    await writeFile(broken, (await readFile(first)).subarray(0, 200));
    const labels = path('labels.txt');
    await writeFile(labels, `${test.imageId(0)},${test.label(0)}\n${test.imageId(1)},${test.label(1)}\n`);
    const out = path('explanations');
    const run = await calm(
      ...['explain', first, broken, second, path('missing.png'), '--batch', '2', '--top', '3'],
      ...[
        '--checkpoint',
        join(trained, 'best.safetensors'),
        '--subset',
        '0,1',
        '--labels',
        labels,
        '--out',
        out,
      ],
    );
    expect(run.code).toBe(1);
    expect(run.errors).toContain(`${broken}: cannot decode`);
    expect(run.errors).toContain(`${path('missing.png')}: ENOENT`);

    const { images, errors, labelled, right } = (await readJson(
      join(out, 'explanations.json'),
    )) as Explanations;
    expect(images.map(({ image }) => image)).toEqual([first, second]);
    expect(errors.map((failure) => failure.path)).toEqual([broken, path('missing.png')]);
    expect(labelled).toBe(2);
    expect(run.output).toContain(`${right} of 2 right`);
    for (const image of images) {
      expect(image.top).toHaveLength(3);
      expect(image.top[0]).toEqual(image.explained);
      expect(image.top[1]).toEqual(image.versus);
      expect(test.classNames[image.explained.class]).toBe(image.explained.name);
      const kinds = ['joint', 'conditional', 'posterior', 'saliency', 'subset', 'counterfactual'];
      expect(image.maps.map(({ kind }) => kind)).toEqual(kinds);
      const { tensors } = await readSafetensors(join(out, image.tensors));
      const sumOf = (kind: string): number => {
        const tensor = tensors.get(kind);
        if (tensor === undefined) throw new Error(`no map ${kind}`);
        const [height = 0, width = 0] = tensor.shape;
        return mapSum({ height, width, data: toFloat32(tensor) });
      };
      // Sums of 576 f32 terms below 1: a few units of 2^-24 each, far below five digits.
      expect(sumOf('joint')).toBeCloseTo(image.explained.probability, 5);
      expect(image.completeness?.sum).toBeCloseTo(sumOf('joint'), 6);
      expect(sumOf('subset')).toBeCloseTo(image.subset?.probability ?? Number.NaN, 5);
      expect(sumOf('posterior')).toBeCloseTo(1, 5);
      expect(sumOf('saliency')).toBeCloseTo(1, 5);
      const difference = image.explained.probability - (image.versus?.probability ?? 0);
      expect(sumOf('counterfactual')).toBeCloseTo(difference, 5);
      for (const { overlay } of image.maps) {
        const { width, height } = await readImage(join(out, overlay));
        expect([width, height]).toEqual([48, 48]);
      }
    }
    expect(await readdir(out)).toHaveLength(2 * 7 + 1);
  });

  test('explains the class that is asked for, by number or name', async () => {
    const test = await openCub({ folder: birdlets, split: 'test' });
    const out = path('asked');
    const checkpoint = join(trained, 'last.safetensors');
    const common = [
      'explain',
      test.path(0),
      '--checkpoint',
      checkpoint,
      '--out',
      out,
      '--method',
      'counterfactual',
    ];
    const [name = ''] = test.classNames;
    expect((await calm(...common, '--class', '4', '--versus', name)).code).toBe(0);
    const { images } = (await readJson(join(out, 'explanations.json'))) as Explanations;
    expect(images[0]?.explained.class).toBe(4);
    expect(images[0]?.versus?.class).toBe(0);
    const { code, errors } = await calm(...common, '--class', String(test.classNames.length));
    expect(errors).toContain(`wanted a whole number from 0 to ${test.classNames.length - 1}`);
    expect(code).toBe(1);
    const sets = await calm('explain', test.path(0), '--checkpoint', checkpoint, '--method', 'subset-mean');
    expect(sets.errors).toContain('subset-mean needs --superset or --subset');
    expect(sets.code).toBe(1);
  });
});
