// ResNet-50, and the other backbones, with CALM's EM head, 200 classes, 224x224 pixels: a training step (forward, loss, backward, SGD) and
// inference, with a table of where the time goes.
//   node bench/resnet50_step.ts [PART OF A CASE'S NAME...] [--quick] [--json FILE]      such as 14x14, VGG16, or training Inception
// ms in the first table is the sum of the kernels' own times; `wall` below it is what a caller waits, everything included.
// Bytes and flops are those which the operations count: what their kernels must move and compute, layer by layer.
import type { Bench } from './harness.ts';
import type { Candidate } from './measure.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { Model } from '../src/model/model.ts';
import type { Profile } from '../src/runtime/profile.ts';
import type { Sgd } from '../src/kernels/sgd/sgd.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import type { TrunkOptions } from '../src/model/architectures.ts';
import { createModel } from '../src/model/model.ts';
import { createSgd } from '../src/kernels/sgd/sgd.ts';
import { parameterGroups } from '../src/train/parameter_groups.ts';
import { openBench } from './harness.ts';
import { warmUp } from './measure.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { startTape } from '../src/kernels/tape.ts';

/** Images of a step; of the first network, on a GPU, more too. */
const BATCH = 2;
const GPU_BATCHES = [BATCH, 8, 32];
const SIDE = 224;
const CLASSES = 200;
const PROFILE_ROWS = 25;

const networks = [
  { name: '7x7', options: { architecture: 'resnet50', outputStride: 32 } },
  { name: '14x14', options: { architecture: 'resnet50', outputStride: 16 } },
  { name: '28x28', options: { architecture: 'resnet50', outputStride: 8 } },
  { name: 'VGG16 14x14', options: { architecture: 'vgg16', outputStride: 16 } },
  {
    name: 'VGG16 without batch norms',
    options: { architecture: 'vgg16', outputStride: 16, useBatchNorm: false },
  },
  { name: 'Inception-v3 14x14', options: { architecture: 'inception_v3', outputStride: 16 } },
] as const;

/** Folders of src/kernels by the kind of layer that launches them; what is in none is told as the rest. */
const LAYER_KINDS = {
  convolutions: ['conv2d', 'matmul', 'winograd'],
  'batch norms': ['batch_norm'],
  pools: ['average_pool', 'max_pool'],
  head: ['joint_head'],
  optimiser: ['sgd'],
} as const;

/** What both passes work on. */
interface Setting {
  readonly engine: Engine;
  readonly model: Model;
  readonly sgd: Sgd;
  readonly images: Tensor;
  readonly labels: Tensor<'u32'>;
  readonly one: Tensor;
}

function makeSetting(engine: Engine, options: TrunkOptions, batch: number): Setting {
  const model = createModel(engine, {
    ...options,
    head: 'calm-em',
    classes: CLASSES,
  });
  const stream = new RandomStream(1);
  const pixels = Float32Array.from({ length: batch * SIDE * SIDE * 3 }, () => stream.uniform(-2, 2));
  const names = model.parameters.entries.map(({ name }) => name);
  return {
    engine,
    model,
    sgd: createSgd(engine, model.parameters, {
      // A rate of almost nothing: every repetition then computes the same.
      groups: parameterGroups('official', names, {
        architecture: options.architecture,
        learningRate: 1e-9,
      }),
      momentum: 0.9,
      nesterov: true,
    }),
    images: engine.tensor(pixels, [batch, SIDE, SIDE, 3]),
    labels: engine.tensor(
      Uint32Array.from({ length: batch }, (_, i) => (3 + 147 * i) % CLASSES),
      [batch],
    ),
    one: engine.tensor(Float32Array.of(1), []),
  };
}

function dispose({ model, sgd, images, labels, one }: Setting): void {
  for (const made of [sgd, model, images, labels, one]) made.dispose();
}

/** One of the passes as something that runs and ends. */
type Pass = (setting: Setting) => { readonly run: () => void; readonly end: () => void };

const trainingStep: Pass = ({ engine, model, sgd, images, labels, one }) => {
  const tape = startTape(engine);
  return {
    run: () => {
      model.parameters.placeGradients(tape);
      const { loss } = model.loss(tape, images, labels);
      tape.backward(loss, one);
      sgd.step(tape);
    },
    end: () => tape.end(),
  };
};

const inference: Pass = ({ engine, model, images }) => {
  const tape = startTape(engine, { gradients: false });
  return { run: () => void model.predict(tape, images), end: () => tape.end() };
};

async function lossOf({ engine, model, images, labels }: Setting): Promise<number> {
  const tape = startTape(engine, { gradients: false });
  try {
    const { loss } = model.loss(tape, images, labels);
    return (await engine.read(loss))[0] ?? Number.NaN;
  } finally {
    tape.end();
  }
}

/** Values are held to the released code's by tools/golden.ts; here: a likely loss, the same twice. */
async function checkLoss(setting: Setting): Promise<void> {
  const [first, second] = [await lossOf(setting), await lossOf(setting)];
  // Without training the likelihood is about 1 / classes, and EM's loss also has the posterior's cross entropy with the prior.
  const [low, high] = [0.8 * Math.log(CLASSES), Math.log(CLASSES) + Math.log(28 * 28) + 4];
  if (first !== second || !(first > low && first < high))
    throw new Error(`the loss is ${first}, then ${second}; wanted the same, within ${low} and ${high}`);
}

async function launch(engine: Engine, { run, end }: ReturnType<Pass>): Promise<void> {
  run();
  end();
  await engine.sync();
}

/** Median milliseconds from the first launch to the GPU's last answer. */
async function wallTime(setting: Setting, pass: Pass, samples: number): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < samples; i++) {
    await warmUp(setting.engine);
    const begin = performance.now();
    await launch(setting.engine, pass(setting));
    times.push(performance.now() - begin);
  }
  return times.toSorted((a, b) => a - b)[Math.floor(samples / 2)] ?? Number.NaN;
}

function workOf({ samples }: Profile): { bytes: number; flops: number } {
  let [bytes, flops] = [0, 0];
  for (const { work } of samples) {
    bytes += work?.bytes ?? 0;
    flops += work?.flops ?? 0;
  }
  return { bytes, flops };
}

/** Milliseconds of the kernels of each kind of layer. */
function timesByKind({ samples }: Profile): ReadonlyMap<string, number> {
  const times = new Map<string, number>();
  for (const { kernel, milliseconds } of samples) {
    const folder = kernel.split('/')[0] ?? '';
    const [kind] =
      Object.entries(LAYER_KINDS).find(([, folders]) => folders.some((name) => name === folder)) ?? [];
    const name = kind ?? 'the rest';
    times.set(name, (times.get(name) ?? 0) + milliseconds);
  }
  return times;
}

function printProfile(name: string, profile: Profile): void {
  const lines = String(profile).split('\n');
  const hidden = lines.length - 2 - PROFILE_ROWS;
  console.log(`\n${name}, by kernel`);
  for (const line of lines.slice(0, PROFILE_ROWS + 1)) console.log(line);
  if (hidden > 0) console.log(`... and ${hidden} more`);
  console.log(lines.at(-1));
}

async function measurePass(bench: Bench, setting: Setting, name: string, pass: Pass): Promise<void> {
  const { engine } = setting;
  // The first run compiles.
  await launch(engine, pass(setting));
  const profiled = async (): Promise<Profile> => {
    await warmUp(engine);
    return engine.profile(() => launch(engine, pass(setting)));
  };
  const candidate: Candidate = {
    name,
    ...workOf(await profiled()),
    check: () => checkLoss(setting),
    start: () => pass(setting),
  };
  await bench.measure(name, [candidate]);
  bench.figure(name, 'wall', await wallTime(setting, pass, bench.quick ? 1 : 5), 'ms');
  console.log(`peak memory so far ${(engine.memory().peakBytes / 2 ** 20).toFixed(0)} MiB`);
  const profile = await profiled();
  for (const [kind, milliseconds] of timesByKind(profile)) bench.figure(name, kind, milliseconds, 'ms');
  printProfile(name, profile);
}

const bench = await openBench('resnet50_step');
const { software } = bench.engine.capabilities;
for (const [index, { name, options }] of networks.entries()) {
  for (const batch of index === 0 && !software ? GPU_BATCHES : [BATCH]) {
    const passes = [
      [`training step, batch ${batch}, ${name}`, trainingStep],
      [`inference, batch ${batch}, ${name}`, inference],
    ] as const;
    const wanted = passes.filter(([title]) => bench.wanted(title));
    if (wanted.length === 0) continue;
    const setting = makeSetting(bench.engine, options, batch);
    for (const [title, pass] of wanted) await measurePass(bench, setting, title, pass);
    dispose(setting);
    await bench.engine.trim();
  }
}
await bench.finish();
