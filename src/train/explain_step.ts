import type { Model } from '../model/model.ts';
import type { NonFiniteOrigin } from './non_finite.ts';
import type { NonFinitePlace } from './step_watch.ts';
import type { Normalization, TrainingBatch } from './batch.ts';
import type { SlowPosterior } from './slow_posterior.ts';
import { CheckedTape } from './checked_tape.ts';
import { splitBatch, uploadBatch } from './batch.ts';
import { startTape } from '../kernels/tape.ts';

/** The first parameter or running statistic with a number that is not finite. */
async function brokenWeight({
  engine,
  weights,
}: Model): Promise<Pick<NonFiniteOrigin, 'layer' | 'shape'> | null> {
  const tensors = [
    ...weights.parameters.entries.map(({ name, value }) => [name, value] as const),
    ...[...weights.statistics].flatMap(([name, { mean, variance }]) => [
      [`${name}.running_mean`, mean] as const,
      [`${name}.running_var`, variance] as const,
    ]),
  ];
  for (const [layer, tensor] of tensors) {
    const values = await engine.read(tensor);
    if (!values.every(Number.isFinite)) return { layer, shape: tensor.shape };
  }
  return null;
}

/**
 * Finds out where a step's first number that is not finite comes from, once the step is over: by doing it again, without the update, and
 * looking behind every kernel. A step that was held left the weights as they were, so it goes the same way, to the same bits. Running
 * statistics move: they are to be set back, or the model is done with.
 */
export async function explainStep(
  model: Model,
  batch: TrainingBatch,
  place: NonFinitePlace | null,
  {
    normalization,
    slow,
    microBatchSize,
  }: {
    readonly normalization: Normalization;
    readonly slow: SlowPosterior | null;
    readonly microBatchSize: number | undefined;
  },
): Promise<NonFiniteOrigin> {
  const { engine } = model;
  // So that memory which a kernel leaves unwritten is fresh, and holds zeros: what the step left there is not finite.
  await engine.trim();
  const none = { operation: null, kernel: null };
  const broken = await brokenWeight(model);
  if (broken !== null) return { pass: place === 'weights' ? 'update' : 'weights', ...none, ...broken };
  for (const part of splitBatch(batch, microBatchSize ?? batch.labels.length)) {
    const tape = new CheckedTape(engine);
    const slowTape = startTape(engine, { gradients: false });
    try {
      const { images, labels } = uploadBatch(tape, part, normalization);
      const posterior = slow?.posterior(slowTape, images, labels);
      const { loss } = model.loss(tape, images, labels, {
        observe: (name) => tape.observed(name),
        ...(posterior === undefined ? {} : { posterior }),
      });
      const share = engine.tensor(Float32Array.of(part.labels.length / batch.labels.length), []);
      tape.backward(loss, share);
      const origin = await tape.firstNonFinite();
      share.dispose();
      if (origin !== null) return origin;
    } finally {
      slowTape.end();
      tape.end();
    }
  }
  return { pass: 'unknown', layer: null, ...none, shape: [] };
}
