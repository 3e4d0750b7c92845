import { reject } from '../runtime/errors.ts';

/** How the learning rate changes over the epochs; plain JSON, kept in checkpoints. */
export type Schedule =
  /** Always the same. */
  | { readonly kind: 'constant'; readonly warmupEpochs?: number }
  /** Times `factor` before epoch `every`, 2 `every`, ... (counted from 1), as the released CALM code: 0.1 and 30. */
  | {
      readonly kind: 'step';
      readonly every: number;
      readonly factor?: number;
      readonly warmupEpochs?: number;
    }
  /** Half a cosine from 1 to `final` (default 0) over `epochs` (Loshchilov and Hutter, ICLR 2017, without restarts). */
  | {
      readonly kind: 'cosine';
      readonly epochs: number;
      readonly final?: number;
      readonly warmupEpochs?: number;
    };

/**
 * What the base learning rate is multiplied by. `epoch` counts from 1; `fraction` in [0, 1) says how much of it is done. During
 * `warmupEpochs` the factor also rises linearly from near 0; the first step has one step's share when `stepFraction`, the length
 * of a step in epochs, is given.
 * @throws ArgumentError for a length that is not positive
 */
export function learningRateFactor(
  schedule: Schedule,
  epoch: number,
  fraction = 0,
  stepFraction = 0,
): number {
  const done = epoch - 1 + fraction;
  const { warmupEpochs = 0 } = schedule;
  const warmup = warmupEpochs > 0 ? Math.min(1, (done + stepFraction) / warmupEpochs) : 1;
  if (schedule.kind === 'constant') return warmup;
  if (schedule.kind === 'step') {
    const { every, factor = 0.1 } = schedule;
    if (!(every > 0)) reject('learningRateFactor', 'every', String(every), 'a number > 0');
    return warmup * factor ** Math.floor(epoch / every);
  }
  const { epochs, final = 0 } = schedule;
  if (!(epochs > 0)) reject('learningRateFactor', 'epochs', String(epochs), 'a number > 0');
  const progress = Math.min(1, Math.max(0, done - warmupEpochs) / Math.max(epochs - warmupEpochs, 1e-9));
  return warmup * (final + (1 - final) * 0.5 * (1 + Math.cos(Math.PI * progress)));
}
