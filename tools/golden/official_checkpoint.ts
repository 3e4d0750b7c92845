import type { Check, GoldenFile } from './compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Model } from '../../src/model/model.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { checkLargest, checkRelativeL2 } from './compare.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { foreignCheckpoint } from '../../src/train/foreign_checkpoint.ts';
import { foreignModel } from '../weights/model_of.ts';
import { imagesOf, labelsOf } from './tiny_resnet.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { openWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { parseCheckpoint, resumeTraining } from '../../src/train/checkpoint.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { toFloat32, toFloat64 } from '../../src/model/safetensors.ts';

const WEIGHT_DECAY = 1e-4;

/**
 * The released trainer's own checkpoint after its first step, imported as `calm convert` does: its weights are the golden ones to the
 * bit; its momentum, by our names, is the first step's gradient with decay; and training goes on from there with the golden losses, the
 * last of which depends on the momentum.
 */
export async function checkOfficialCheckpoint(
  engine: Engine,
  path: string,
  init: GoldenFile,
  golden: GoldenFile,
): Promise<Check[]> {
  const file = await openWeightsFile(path);
  try {
    const { optimizer } = file;
    if (optimizer === null) throw new Error(`${path} has no optimiser`);
    const state = await file.read();
    const options = foreignModel(path, state, { head: 'calm-em' });
    const epoch = Number(file.fields.get('epoch'));
    const checkpoint = parseCheckpoint(
      await foreignCheckpoint(modelConfiguration(options), state, { epoch, optimizer }),
    );
    const wanted = golden.withPrefix('step1.state.');
    if (wanted.size !== state.size)
      throw new Error(`${path} has ${state.size} tensors, wanted ${wanted.size}`);
    const weights = [...wanted].map(([name, tensor]) => {
      const found = state.get(name);
      if (found === undefined) throw new Error(`${path} has no ${name}`);
      return checkLargest(`state.${name}`, toFloat64(found), toFloat64(tensor), { relative: 0 });
    });
    const momentum = [...(checkpoint.training?.velocities ?? [])].map(([name, tensor]) => {
      const start = init.floats(`state.${name}`);
      const decayed = golden
        .floats(`grad.${name}`)
        .map((value, index) => value + WEIGHT_DECAY * (start[index] ?? 0));
      // One multiplication and one addition of float32: half an ulp each, 1.2e-7 together.
      return checkRelativeL2(`momentum.${name}`, toFloat32(tensor), decayed, {
        relative: 1.2e-7,
        absolute: 0,
      });
    });
    const model = createModel(engine, options);
    const trainer = createTrainer(model, { learningRate: 0.01, groups: 'official' });
    try {
      resumeTraining(trainer, checkpoint);
      return [...weights, ...momentum, ...(await checkLosses(engine, { model, trainer }, init, golden))];
    } finally {
      trainer.dispose();
      model.dispose();
    }
  } finally {
    await file.close();
  }
}

/** Steps 1 and 2 on the golden batches. */
async function checkLosses(
  engine: Engine,
  { model, trainer }: { readonly model: Model; readonly trainer: Trainer },
  init: GoldenFile,
  golden: GoldenFile,
): Promise<Check[]> {
  const losses = golden.floats('losses');
  const one = engine.tensor(Float32Array.of(1), []);
  const checks: Check[] = [];
  for (const step of [1, 2]) {
    const images = imagesOf(engine, init, String(step));
    const labels = labelsOf(engine, init, String(step));
    const tape = startTape(engine);
    try {
      model.parameters.placeGradients(tape);
      const { loss } = model.loss(tape, images, labels);
      const read = engine.read(loss);
      tape.backward(loss, one);
      trainer.optimizer.step(tape);
      const [value = Number.NaN] = await read;
      // The reference's advice for steps 0 to 2.
      checks.push(checkLargest(`losses.${step}`, [value], [losses[step] ?? 0], { relative: 1e-4 }));
    } finally {
      tape.end();
      images.dispose();
      labels.dispose();
    }
  }
  one.dispose();
  return checks;
}
