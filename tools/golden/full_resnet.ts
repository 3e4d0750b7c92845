import type { Check, GoldenFile } from './compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Manifest } from './formula.ts';
import type { Model } from '../../src/model/model.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { checkLargest, largest, toNchw, toNhwc } from './compare.ts';
import { createModel } from '../../src/model/model.ts';
import { formulaImages, formulaState } from './formula.ts';
import { hwioToOihw } from '../../src/model/layout.ts';
import { jointMaps } from '../../src/kernels/joint_head/joint_maps.ts';
import { softmax } from '../../src/kernels/softmax/softmax.ts';
import { startTape } from '../../src/kernels/tape.ts';

const METHODS = [
  ['em', 'calm-em'],
  ['ml', 'calm-ml'],
  ['cam', 'cam'],
] as const;

type Method = (typeof METHODS)[number][0];

/** One network with its input, and where comparisons go. */
interface Run {
  readonly model: Model;
  readonly manifest: Manifest;
  readonly golden: GoldenFile;
  readonly images: Tensor;
  readonly labels: Tensor<'u32'>;
  readonly method: Method;
  readonly checks: Check[];
}

/** The reference's advice: 1e-4 of the largest value, and 20 times its own rounding error in training mode. */
function compare(
  { golden, checks }: Run,
  name: string,
  got: ArrayLike<number>,
  wanted = golden.floats(name),
): void {
  const noise = name.startsWith('train.') ? golden.noise(name) : 0;
  checks.push(checkLargest(name, got, wanted, { relative: 1e-4, noise }));
}

const relu = (values: Float32Array): Float32Array => values.map((value) => Math.max(value, 0));

/** Sampled entries of a stage's output, its mean and its norm. */
function compareStage(run: Run, mode: 'train' | 'eval', stage: string, activation: Float32Array): void {
  const { golden } = run;
  const places = golden.numbers(`train.stage.${stage}.idx`);
  const samples = Float32Array.from(places, (place) => activation[place] ?? Number.NaN);
  const name = `${mode}.stage.${stage}.val`;
  // The stem's batch norm carries its ReLU: the golden samples are taken through a ReLU, mean and norm do not compare.
  const fused = stage === 'bn1';
  compare(run, name, samples, fused ? relu(golden.floats(name)) : golden.floats(name));
  if (mode === 'eval' || fused) return;
  let sum = 0;
  let squares = 0;
  for (const value of activation) {
    sum += value;
    squares += value * value;
  }
  const [mean = 0, norm = 0] = golden.floats(`train.stage.${stage}.mean_l2`);
  const absolute = 1e-4 * largest(golden.floats(name));
  const meanName = `train.stage.${stage}.mean`;
  run.checks.push(checkLargest(meanName, [sum / activation.length], [mean], { relative: 0, absolute }));
  const normName = `train.stage.${stage}.l2`;
  run.checks.push(checkLargest(normName, [Math.sqrt(squares)], [norm], { relative: 1e-4 }));
}

/**
 * Sampled gradients against the float64 run. `*_smooth` networks have no ReLU near its kink: 1e-4 of the parameter's gradient.
 * In the others millions of ReLUs are near, and PyTorch's float32 is itself `relerr_f32` away: three times that.
 */
async function compareGradients({ model, manifest, golden, method, checks }: Run): Promise<void> {
  const names = manifest[`grad_params_${method}`];
  const prefix = `train.${method}.grad`;
  const [places, wanted] = [golden.numbers(`${prefix}.idx`), golden.floats(`${prefix}.val_f64`)];
  const norms = golden.floats(`${prefix}.norm_f64`);
  const errors = golden.floats(`${prefix}.relerr_f32`);
  const absolute = 1e-6 * largest(norms);
  const samples = wanted.length / names.length;
  const gradients = new Map(model.parameters.entries.map(({ name, gradient }) => [name, gradient]));
  for (const [row, name] of names.entries()) {
    const tensor = gradients.get(name);
    if (tensor === undefined) throw new Error(`the model has no parameter ${name}`);
    const read = await model.engine.read(tensor);
    const values = tensor.shape.length === 4 ? hwioToOihw(read, tensor.shape) : read;
    const norm = norms[row] ?? 0;
    const relative = manifest.config.smooth === true ? 1e-4 : 3 * (errors[row] ?? 0);
    const allowed = { relative: 0, absolute: relative * norm + absolute };
    const got = Array.from(
      places.subarray(row * samples, (row + 1) * samples),
      (place) => values[place] ?? NaN,
    );
    const rowWanted = wanted.subarray(row * samples, (row + 1) * samples);
    checks.push(checkLargest(`${prefix}.val ${name}`, got, rowWanted, allowed));
    checks.push(checkLargest(`${prefix}.norm ${name}`, [Math.hypot(...chunkNorms(values))], [norm], allowed));
  }
}

/** Norms of pieces, because Math.hypot takes only so many arguments. */
function chunkNorms(values: Float32Array): number[] {
  const norms: number[] = [];
  for (let first = 0; first < values.length; first += 4096) {
    let squares = 0;
    for (const value of values.subarray(first, first + 4096)) squares += value * value;
    norms.push(Math.sqrt(squares));
  }
  return norms;
}

/** One pass in training or eval mode; training goes on to the gradients and the running statistics. */
async function checkPass(run: Run, mode: 'train' | 'eval'): Promise<void> {
  const { model, manifest, golden, images, labels, method } = run;
  const { engine } = model;
  const tape = startTape(engine, { gradients: mode === 'train' });
  const one = engine.tensor(Float32Array.of(1), []);
  const stages = method === 'em' ? new Set(manifest.stages) : new Set<string>();
  const reads: Promise<void>[] = [];
  try {
    const observe = (name: string, tensor: Tensor): void => {
      if (!stages.has(name)) return;
      reads.push(
        engine.read(tensor).then((values) => compareStage(run, mode, name, toNchw(values, tensor.shape))),
      );
    };
    model.parameters.placeGradients(tape);
    const result = model.loss(tape, images, labels, { mode, observe });
    const probabilities = method === 'cam' ? softmax(tape, result.scores) : result.scores;
    compare(run, `${mode}.${method}.loss`, await engine.read(result.loss));
    compare(run, `${mode}.${method}.probs`, await engine.read(probabilities));
    if (method === 'em') {
      const { classLogits, locationLogits } = result;
      const prior = jointMaps(tape, classLogits, locationLogits, { prior: 'relu' }).prior();
      compare(run, `${mode}.prior`, await engine.read(prior));
      if (golden.has(`${mode}.f`))
        compare(run, `${mode}.f`, toNchw(await engine.read(classLogits), classLogits.shape));
    }
    await Promise.all(reads);
    if (reads.length !== stages.size) throw new Error(`${reads.length} stages of ${stages.size} were seen`);
    if (mode === 'eval') return;
    tape.backward(result.loss, one);
    await compareGradients(run);
  } finally {
    tape.end();
    one.dispose();
  }
}

/** First channels of all running statistics after one training pass. */
async function compareRunning(run: Run): Promise<void> {
  const { model, golden } = run;
  for (const [name, { mean, variance }] of model.weights.statistics) {
    for (const [kind, tensor] of [
      ['running_mean', mean],
      ['running_var', variance],
    ] as const) {
      const full = `train.after.${name}.${kind}`;
      const wanted = golden.floats(full);
      compare(run, full, (await model.engine.read(tensor)).subarray(0, wanted.length));
    }
  }
}

/** A full ResNet-50 with formula weights: values and sampled gradients of all three methods. */
export async function checkFullResNet(
  engine: Engine,
  manifest: Manifest,
  golden: GoldenFile,
): Promise<Check[]> {
  const state: ReadonlyMap<string, SafetensorsTensor> = formulaState(manifest);
  const { B, H, W, C, lfm } = manifest.config;
  const images = engine.tensor(toNhwc(formulaImages(manifest), [B, 3, H, W]), [B, H, W, 3]);
  const labels = engine.tensor(Uint32Array.from(manifest.labels), [B]);
  const checks: Check[] = [];
  try {
    for (const [method, kind] of METHODS) {
      const model = createModel(engine, {
        architecture: 'resnet50',
        head: { kind, official: true },
        classes: C,
        outputStride: lfm ? 8 : 16,
      });
      try {
        model.loadStateDict(state);
        const run: Run = { model, manifest, golden, images, labels, method, checks };
        if (golden.has(`eval.${method}.loss`)) await checkPass(run, 'eval');
        await checkPass(run, 'train');
        if (method === 'em') await compareRunning(run);
      } finally {
        model.dispose();
      }
    }
  } finally {
    images.dispose();
    labels.dispose();
  }
  return checks;
}
