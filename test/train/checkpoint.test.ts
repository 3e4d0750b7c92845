import type { CheckpointContent } from '../../src/train/checkpoint.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { join } from 'node:path';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { CalmError } from '../../src/runtime/errors.ts';
import {
  checkpointContent,
  modelContent,
  parseCheckpoint,
  resumeTraining,
} from '../../src/train/checkpoint.ts';
import { encodeTensor, parseSafetensors, serializeSafetensors } from '../../src/model/safetensors.ts';
import { patchBatches, smallModel } from './patches.ts';
import { readCheckpoint, saveCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { withChecksum } from '../../src/train/checksum.ts';
import { tmpdir } from 'node:os';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await createEngine();
  folder = await mkdtemp(join(tmpdir(), 'calm-checkpoint-'));
});
afterAll(async () => {
  engine.destroy();
  await rm(folder, { recursive: true });
});

const OPTIONS: TrainerOptions = {
  learningRate: 0.01,
  schedule: { kind: 'cosine', epochs: 4 },
  posterior: { kind: 'ema', momentum: 0.8 },
};
const serialized = ({ tensors, metadata }: CheckpointContent): Uint8Array<ArrayBuffer> =>
  serializeSafetensors(tensors, metadata);
const STEPS = { stepsPerEpoch: 3, train: (epoch: number) => patchBatches(epoch, 3) };

test('a run that was interrupted goes on to the same bits', async () => {
  const path = join(folder, 'run.safetensors');
  const whole = smallModel(engine);
  const trainer = createTrainer(whole, OPTIONS);
  await trainer.fit({ ...STEPS, epochs: 2 });
  await saveCheckpoint(path, trainer, { classes: ['red', 'green', 'blue'] });
  await trainer.fit({ ...STEPS, epochs: 4 });

  const checkpoint = await readCheckpoint(path);
  expect(checkpoint.info).toEqual({ classes: ['red', 'green', 'blue'] });
  expect(checkpoint.configuration).toEqual(whole.configuration);
  const again = createModel(engine, checkpoint.configuration);
  const resumed = createTrainer(again, OPTIONS);
  resumeTraining(resumed, checkpoint);
  expect([resumed.epochsDone, resumed.steps]).toEqual([2, 6]);
  const summaries = await resumed.fit({ ...STEPS, epochs: 4 });
  expect(summaries.map(({ epoch }) => epoch)).toEqual([3, 4]);

  expect(await again.stateDict()).toEqual(await whole.stateDict());
  expect(await readdir(folder)).toEqual(['run.safetensors']);
  for (const made of [trainer, resumed, whole, again]) made.dispose();
});

test('a saved model is the model', async () => {
  const path = join(folder, 'model.safetensors');
  const model = smallModel(engine, { seed: 9 });
  await saveModel(path, model);
  const checkpoint = await readCheckpoint(path);
  const { configuration, state, training, info } = checkpoint;
  expect([training, info]).toEqual([null, null]);
  const again = createModel(engine, { ...configuration, seed: 10 });
  again.loadStateDict(state);
  expect(await again.stateDict()).toEqual(await model.stateDict());
  const trainer = createTrainer(again, OPTIONS);
  expect(() => resumeTraining(trainer, checkpoint)).toThrow(/model only/);
  for (const made of [trainer, model, again]) made.dispose();
});

test('a checkpoint that does not fit leaves model, momentum and counters as they were', async () => {
  const model = smallModel(engine, { seed: 3 });
  const trainer = createTrainer(model, OPTIONS);
  await trainer.fit({ ...STEPS, epochs: 1 });
  const other = smallModel(engine, { seed: 4 });
  const { tensors, metadata } = await checkpointContent(createTrainer(other, OPTIONS));
  const before = serialized(await checkpointContent(trainer));
  for (const name of ['velocity.conv_last.weight', 'slow.bn1.running_mean', 'layer1.0.conv1.weight']) {
    // Found when everything else is known to fit.
    const uncounted = new Map([
      ...tensors,
      ['slow.bn1.num_batches_tracked', encodeTensor(Float32Array.of(0.5), [])] as const,
    ]);
    const cut = new Map([...tensors].filter(([key]) => key !== name));
    const broken = new Map([
      ...tensors,
      [name, { dtype: 'I32', shape: [1], bytes: new Uint8Array(4) }] as const,
    ]);
    for (const wrong of [cut, broken, uncounted]) {
      const checkpoint = parseCheckpoint(withChecksum({ tensors: wrong, metadata }));
      expect(() => resumeTraining(trainer, checkpoint), name).toThrow(/loadStateDict/);
      expect(Buffer.compare(serialized(await checkpointContent(trainer)), before), name).toBe(0);
    }
  }
  for (const made of [trainer, model, other]) made.dispose();
});

test('any bit of a checkpoint that changes is noticed', async () => {
  const model = smallModel(engine);
  const trainer = createTrainer(model, OPTIONS);
  await trainer.fit({ ...STEPS, epochs: 1 });
  const file = serialized(await checkpointContent(trainer, { classes: ['red'] }));
  expect(parseCheckpoint(parseSafetensors(file)).training?.steps).toBe(3);
  const stream = new RandomStream(11);
  const header = 8 + Number(new DataView(file.buffer).getBigUint64(0, true));
  // Half of them in the header, where the counters are.
  const places = Array.from({ length: 200 }, (_, i) => stream.integer(i % 2 === 0 ? file.length : header));
  for (const place of places) {
    const bit = 1 << stream.integer(8);
    const damaged = file.slice();
    damaged[place] = (damaged[place] ?? 0) ^ bit;
    let parsed: unknown = null;
    try {
      parsed = parseCheckpoint(parseSafetensors(damaged));
    } catch (error) {
      expect(error).toBeInstanceOf(CalmError);
    }
    // A blank of the header's padding, or of a number's case, changes nothing that is read.
    if (parsed !== null)
      expect(parsed, `bit ${bit} of byte ${place}`).toEqual(parseCheckpoint(parseSafetensors(file)));
  }
  trainer.dispose();
  model.dispose();
});

test("damage to the checksum's own key does not turn it off", async () => {
  const model = smallModel(engine);
  const { tensors, metadata } = await modelContent(model);
  const renamed = (key: string) =>
    new Map([...metadata].map(([name, value]) => [name === key ? `${name}x` : name, value]));
  expect(() => parseCheckpoint({ tensors, metadata: renamed('checksum') })).toThrow(/lacks its checksum/);
  expect(() => parseCheckpoint({ tensors, metadata: renamed('version') })).toThrow(/its checksum is/);
  // A file from before there were checksums.
  const old = new Map([...metadata].filter(([name]) => name !== 'checksum' && name !== 'version'));
  expect(parseCheckpoint({ tensors, metadata: old }).configuration).toEqual(model.configuration);
  model.dispose();
});

test('the checkpoint before is kept, and is there at every moment', async () => {
  const [path, previous] = [join(folder, 'kept.safetensors'), join(folder, 'before.safetensors')];
  const model = smallModel(engine);
  const trainer = createTrainer(model, OPTIONS);
  await saveCheckpoint(path, trainer, 1, { previous });
  await expect(readCheckpoint(previous)).rejects.toThrow(/before\.safetensors/);
  await saveCheckpoint(path, trainer, 2, { previous });
  expect([(await readCheckpoint(path)).info, (await readCheckpoint(previous)).info]).toEqual([2, 1]);
  trainer.dispose();
  model.dispose();
});

test('what is no checkpoint is refused by name', async () => {
  const path = join(folder, 'plain.safetensors');
  const model = smallModel(engine);
  await writeSafetensors(path, await model.stateDict());
  await expect(readCheckpoint(path)).rejects.toThrow(/plain\.safetensors: .*'model'/);
  const { tensors } = await readSafetensors(path);
  const described = (text: string) => parseCheckpoint({ tensors, metadata: new Map([['model', text]]) });
  expect(() => described('{')).toThrow(/no JSON/);
  expect(() => described('{"architecture":"resnet7"}')).toThrow(/architecture is resnet7/);
  model.dispose();
});
