import type { Engine } from '../../src/runtime/engine.ts';
import type { RunConfiguration, RunRecord, RunSession } from '../../tools/training/configuration.ts';
import type { RunData } from '../../tools/training/data.ts';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { cpSync } from 'node:fs';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { join } from 'node:path';
import { changes, describeLoad } from '../../tools/training/notes.ts';
import { openData } from '../../tools/training/data.ts';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { runConfiguration } from './run_configuration.ts';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { runOutcome } from './run_outcome.ts';
import { tmpdir } from 'node:os';
import { trainingImages } from '../../tools/training/same_data.ts';
import { TrainingRun } from '../../tools/training/run.ts';
import { versions } from '../../tools/version.ts';

const EPOCHS = 2;
/** Of 20 pictures, in batches of eight. */
const STEPS = 3;

let engine: Engine;
let root: string;
let configuration: RunConfiguration;
let data: RunData;
beforeAll(async () => {
  // A line an epoch, of some fifty runs.
  vi.spyOn(console, 'log').mockImplementation(() => undefined);
  engine = await createEngine();
  root = await mkdtemp(join(tmpdir(), 'calm-runs-'));
  configuration = runConfiguration([
    ...['--birdlets', '--birdlets-size', '48', '--birdlets-images', '20,10,4', '--out', root],
    ...['--architecture', 'resnet18', '--layers', '1,1', '--widths', '8,16', '--small-stem'],
    ...['--epochs', `${EPOCHS}`, '--batch', '8', '--keep-last-batch', '--lr', '0.01', '--seed', '7'],
    ...['--crop', '40', '--resize', '48', '--schedule', 'cosine', '--posterior', 'ema:0.9'],
  ]);
  data = await openData(configuration, engine.adapter.software);
});
afterAll(async () => {
  vi.restoreAllMocks();
  await data.decoder.dispose();
  engine.destroy();
  await rm(root, { recursive: true });
});

/** Calls back after each line that a run adds to its log. */
class WatchedFolder extends RunFolder {
  readonly #onLine: (line: Readonly<Record<string, unknown>>) => void;
  readonly #previous: string;

  constructor(
    path: string,
    onLine: (line: Readonly<Record<string, unknown>>) => void,
    previous = join(path, 'previous.safetensors'),
  ) {
    super(path);
    this.#onLine = onLine;
    this.#previous = previous;
  }

  override get previous(): string {
    return this.#previous;
  }

  override addLine(line: Readonly<Record<string, unknown>>): void {
    super.addLine(line);
    this.#onLine(line);
  }
}

type Line = Readonly<Record<string, unknown>>;

/** Begins or carries on a run; ends it when `stops` says so of a line, or of a picture that is loaded to evaluate. */
async function session(
  path: string,
  stops: (what: Line) => boolean = () => false,
  changed: Partial<RunConfiguration> = {},
  previous?: string,
  given = data,
): Promise<readonly string[]> {
  const controller = new AbortController();
  const stopIf = (what: Line): void => {
    if (stops(what)) controller.abort(new Error('interrupted'));
  };
  const folder = new WatchedFolder(path, stopIf, previous);
  const began = await folder.record().catch(() => null);
  const { checkpoint } = began === null ? { checkpoint: null } : await folder.checkpoint();
  if (checkpoint === null) await folder.begin();
  const { decoder } = data;
  let judged = 0;
  const watched: RunData['decoder'] = {
    ...decoder,
    resized: (source, side, signal) => {
      // Pictures are resized to the crop's side where an epoch is judged, and nowhere else.
      if (side === configuration.crop) stopIf({ kind: 'judging', count: ++judged });
      return decoder.resized(source, side, signal);
    },
  };
  const run = await TrainingRun.open({
    engine,
    folder,
    configuration: { ...configuration, ...changed },
    options: { seed: 7 },
    data: { ...given, decoder: watched },
    checkpoint,
    sessions: began?.sessions ?? [],
    signal: controller.signal,
  });
  const notes = run.notes;
  try {
    await run.run();
  } catch (error) {
    if (!(error instanceof Error) || error.message !== 'interrupted') throw error;
  } finally {
    run.dispose();
  }
  return notes;
}

describe('a run', () => {
  test('does the same twice, to the byte of its files', async () => {
    for (const name of ['first', 'second']) await session(join(root, name));
    const [first, second] = [await runOutcome(join(root, 'first')), await runOutcome(join(root, 'second'))];
    expect(second).toEqual(first);
    const kinds = first.log.map(({ kind, epoch, step }) => [kind, epoch, step].filter(Boolean).join(' '));
    const epoch = (number: number): string[] => [
      ...Array.from({ length: STEPS }, (_, step) => `step ${number} ${step + 1}`),
      ...[`epoch ${number}`, `evaluation ${number}`],
    ];
    expect(kinds).toEqual([...epoch(1), ...epoch(2)]);
    // The curves are the log's numbers, rounded to float32, over all steps.
    const losses = first.log.filter(({ kind }) => kind === 'step').map(({ loss }) => Number(loss));
    expect(first.curves['train/loss']).toEqual(losses.map((loss, step) => [step + 1, Math.fround(loss)]));
    expect(first.curves['val/accuracy']?.map(([step]) => step)).toEqual([STEPS, 2 * STEPS]);
    expect(Object.keys(first.curves).toSorted()).toEqual([
      ...['train/accuracy', 'train/learning_rate', 'train/loss'],
      ...['val/accuracy', 'val/negative_log_likelihood'],
    ]);
  });

  test('interrupted anywhere and carried on, leaves the same bytes, lines and curves', async () => {
    const whole = await runOutcome(join(root, 'first'));
    const places: (readonly [string, (what: Line) => boolean])[] = [];
    for (const epoch of [1, 2]) {
      for (let step = 1; step <= STEPS; step++) {
        const isPlace = (what: Line): boolean =>
          what['kind'] === 'step' && what['epoch'] === epoch && what['step'] === step;
        places.push([`epoch ${epoch}, step ${step}`, isPlace]);
      }
    }
    // Of the first alone: later evaluations find their pictures kept.
    places.push(['the evaluation of epoch 1', ({ kind, count }) => kind === 'judging' && count === 2]);
    places.push([
      'after the evaluation of epoch 1',
      ({ kind, epoch }) => kind === 'evaluation' && epoch === 1,
    ]);
    for (const [place, stops] of places) {
      const path = join(root, place);
      await session(path, stops);
      const { training } = await readCheckpoint(join(path, 'last.safetensors'));
      expect(training?.steps, place).toBeGreaterThan(0);
      await session(path);
      expect(await runOutcome(path), place).toEqual(whole);
      const { sessions } = JSON.parse(await readFile(join(path, 'configuration.json'), 'utf8')) as RunRecord;
      expect(sessions.map(({ steps }) => steps)).toEqual([0, training?.steps]);
    }
  });

  test('killed at any moment, it carries on from its last checkpoint and tells of nothing twice', async () => {
    const whole = await runOutcome(join(root, 'first'));
    const path = join(root, 'killed');
    const copies: string[] = [];
    // The folder as a kill would leave it right after each line that the run adds: copied before anything else can happen.
    const copy = ({ kind }: Line): boolean => {
      if (kind === 'judging') return false;
      copies.push(join(root, `killed-${copies.length}`));
      cpSync(path, copies.at(-1) ?? '', { recursive: true });
      return false;
    };
    await session(path, copy, { saveEvery: 1 });
    expect(await runOutcome(path)).toEqual(whole);
    let carriedOn = 0;
    for (const name of copies) {
      const folder = new RunFolder(name);
      if ((await folder.record().catch(() => null)) === null) continue;
      await appendFile(folder.log, '{"kind":"step","epo');
      await session(name, undefined, { saveEvery: 2 });
      expect(await runOutcome(name), name).toEqual(whole);
      expect((await readdir(name)).filter((file) => file.endsWith('.part'))).toEqual([]);
      carriedOn++;
    }
    // Those of the first session line and the first step too, where nothing was saved yet: they begin anew.
    expect([copies.length, carriedOn]).toEqual([1 + EPOCHS * (STEPS + 2), 1 + EPOCHS * (STEPS + 2)]);
  });

  test('an evaluation that is done three times has its points in the curves once', async () => {
    const path = join(root, 'judged again');
    await session(path, ({ kind, epoch }) => kind === 'step' && epoch === EPOCHS);
    await session(path, ({ kind, count }) => kind === 'judging' && count === 2);
    // Saved within the evaluation; then twice judged, and not saved, since a file stands where its folder should be.
    for (let time = 0; time < 2; time++) {
      await expect(session(path, undefined, {}, join(path, 'log.jsonl', 'previous'))).rejects.toThrow(
        'ENOTDIR',
      );
    }
    await session(path);
    expect(await runOutcome(path)).toEqual(await runOutcome(join(root, 'first')));
  });

  test('does not go on with other classes, or with classes of other labels, and its folder stays as it is', async () => {
    const path = join(root, 'first');
    const before = await runOutcome(path);
    const { train } = data;
    const [first = '', second = '', ...others] = train.classNames;
    for (const [classNames, message] of [
      [
        [second, first, ...others],
        `--resume: class 0 was ${JSON.stringify(first)}, is ${JSON.stringify(second)} in `,
      ],
      [
        [first, ...others],
        `--resume: there were ${train.classNames.length} classes, are ${others.length + 1} in `,
      ],
    ] as const) {
      const wrong = Object.create(train, { classNames: { value: classNames } }) as typeof train;
      await expect(session(path, undefined, {}, undefined, { ...data, train: wrong })).rejects.toThrow(
        message,
      );
    }
    expect(await runOutcome(path)).toEqual(before);
  });

  test('says what one may not have meant', async () => {
    const path = join(root, 'surprises');
    const notes = await session(path, () => true, { batch: 64, microBatch: 64 });
    expect(notes).toEqual([
      '--batch 64: there are 20 images to train on, one smaller batch an epoch',
      '--micro-batch 64: no batch is larger, so it changes nothing',
    ]);
  });
});

test('what decides the batches is told apart: ids, labels and their order', () => {
  const set = (...images: readonly (readonly [string, number])[]) => ({
    length: images.length,
    imageId: (index: number) => images[index]?.[0] ?? '',
    label: (index: number) => images[index]?.[1] ?? 0,
  });
  const sets = [
    set(['a', 0], ['b', 1]),
    set(['b', 1], ['a', 0]),
    set(['a', 1], ['b', 1]),
    set(['a', 0], ['c', 1]),
    set(['a', 0]),
  ];
  expect(new Set(sets.map((each) => trainingImages(each).sha256)).size).toBe(sets.length);
  expect(trainingImages(set(['a', 0]))).toEqual(trainingImages(set(['a', 0])));
});

test('what has changed since the last session is told', () => {
  const session = { started: '', firstEpoch: 1, steps: 0, adapter: engine.adapter, versions };
  const notesOn = (...sessions: readonly RunSession[]) => changes({ engine, sessions, configuration, data });
  expect(notesOn()).toEqual([]);
  expect(notesOn(session)).toEqual([]);
  expect(notesOn({ ...session, learningRate: 0.01 })).toEqual([]);
  const images = trainingImages(data.train);
  expect(notesOn({ ...session, images })).toEqual([]);
  const before = {
    ...session,
    learningRate: 0.03,
    images: { count: 19, sha256: 'other' },
    adapter: { ...engine.adapter, name: 'old' },
    versions: { ...versions, calm: '0.0.1' },
  };
  const notes = notesOn(session, before);
  expect(notes).toHaveLength(4);
  expect(notes[0]).toBe('--resume: --lr was 0.03, is 0.01 from here on');
  expect(notes[1]).toContain('the 20 images to train on are not the 19 of the last session');
  expect(notes[2]).toContain('adapter was old (');
  expect(notes[3]).toContain(`calm was 0.0.1, is ${versions.calm}`);
});

test('what became of the weights is told in a line', () => {
  const none = { loaded: ['a', 'b'], ignored: [], kept: [] };
  expect(describeLoad(none)).toBe('--weights: 2 tensors taken over');
  const some = { ...none, ignored: ['fc.weight', 'fc.bias'], kept: ['1', '2', '3', '4', '5'] };
  expect(describeLoad(some)).toBe(
    '--weights: 2 tensors taken over; 2 of no use: fc.weight, fc.bias; 5 left as they start: 1, 2, 3, 4, ...',
  );
});
