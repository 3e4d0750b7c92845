import type { Model } from '../model/model.ts';
import type { Tape } from '../runtime/tape.ts';
import type { TargetOptions } from './target.ts';
import type { Weights } from '../model/weights.ts';
import { attributionTarget } from './target.ts';
import { Tensor } from '../runtime/tensor.ts';
import { startTape } from '../kernels/tape.ts';

/** Images that go backward together unless the caller says otherwise: half a GiB of activations. */
const DEFAULT_MEMORY = 512 * 2 ** 20;

/** Activations and the gradients on their way back, over the activations alone: measured 1.2 to 1.4 on ResNets. */
const PEAK_SHARE = 1.5;

const activationBytes = new WeakMap<Model, Map<string, number>>();

/** The same values, for a tape to compute the gradient of. A view: it does not own the memory. */
export function requiringGradient(tensor: Tensor): Tensor {
  const { byteOffset } = tensor;
  return new Tensor('f32', tensor.shape, tensor.storage('requiringGradient'), {
    byteOffset,
    requiresGradient: true,
    owner: tensor,
  });
}

/**
 * How many images of [H,W,3] may go forward and backward together within `memoryBytes` of GPU memory; at least one. Runs one image
 * forward the first time it is asked, and adds up what it leaves.
 */
export function imagesAtATime(
  model: Model,
  [height, width]: readonly [number, number],
  memoryBytes = DEFAULT_MEMORY,
): number {
  const ofModel = activationBytes.get(model) ?? new Map<string, number>();
  activationBytes.set(model, ofModel);
  const size = `${height}x${width}`;
  let bytes = ofModel.get(size);
  if (bytes === undefined) {
    let sum = 0;
    const tape = startTape(model.engine, { gradients: false });
    try {
      const image = tape.empty([1, height, width, 3]);
      model.forward(tape, image, { observe: (_, { byteLength }) => void (sum += byteLength) });
    } finally {
      tape.end();
    }
    bytes = sum;
    ofModel.set(size, bytes);
  }
  return Math.max(1, Math.floor(memoryBytes / (PEAK_SHARE * bytes)));
}

/** What to differentiate: a batch, sets of a class of each of its images, and the weights as constants (`frozenWeights`). */
export interface Differentiated {
  readonly images: Tensor;
  /** Each [N]: a gradient each. */
  readonly classes: readonly Tensor<'u32'>[];
  readonly weights: Weights;
}

/**
 * Gradients of the target with respect to images [N,H,W,3], in their shape, in eval mode, for one set of classes after the other; each
 * the tape's own, there until the next is asked for. One forward pass serves all of them. The tape must record and be fresh: it is walked
 * back here. No gradient of any weight is computed.
 */
export function* inputGradients(
  tape: Tape,
  model: Model,
  { images, classes, weights }: Differentiated,
  options: TargetOptions,
): Generator<Tensor, void> {
  const input = requiringGradient(images);
  const { head, recompute } = model.configuration;
  // A tape that is walked back more than once can recompute nothing; what is looked at is kept.
  const kept = recompute && classes.length > 1 ? { observe: () => undefined } : {};
  const logits = model.forward(tape, input, { weights, ...kept });
  const targets = classes.map((set) => attributionTarget(tape, logits, set, head, options));
  for (const [place, target] of targets.entries()) {
    tape.backward(target, ones(tape, target.size), { retain: place + 1 < targets.length });
    const gradient = tape.gradient(input);
    if (gradient === null) throw new Error('inputGradients: the target does not depend on the images');
    yield gradient;
  }
}

/** [count] ones: every target goes back for itself. */
export function ones(tape: Tape, count: number): Tensor {
  const tensor = tape.empty([count]);
  tape.engine.write(tensor, new Float32Array(count).fill(1));
  return tensor;
}
