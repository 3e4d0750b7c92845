import type { Model } from '../model/model.ts';
import type { Tape } from '../runtime/tape.ts';
import type { TargetOptions } from './target.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { attributionTarget } from './target.ts';
import { frozenWeights } from './frozen_weights.ts';
import { gradCam } from '../kernels/grad_cam/grad_cam.ts';
import { ones, requiringGradient } from './input_gradient.ts';
import { startTape } from '../kernels/tape.ts';

/**
 * Grad-CAM or Grad-CAM++ maps [N,h,w] at the trunk's output, features [N,h,w,D], each image for its class; the tape's. Only the head
 * is gone through, forward and back. For a CAM head Grad-CAM is CAM without its bias, divided by h w, its positive part.
 */
export function gradCamMaps(
  tape: Tape,
  model: Model,
  features: Tensor,
  classes: readonly number[],
  options: TargetOptions & { readonly plus: boolean },
): Tensor {
  const inner = startTape(model.engine);
  try {
    const input = requiringGradient(features);
    const labels = inner.empty([classes.length], 'u32');
    model.engine.write(labels, Uint32Array.from(classes));
    const logits = model.headLogits(inner, input, { weights: frozenWeights(model) });
    const target = attributionTarget(inner, logits, labels, model.configuration.head, options);
    inner.backward(target, ones(inner, target.size));
    const gradient = inner.gradient(input);
    if (gradient === null) throw new Error('gradCamMaps: the target does not depend on the features');
    return gradCam(tape, features, gradient, options);
  } finally {
    inner.end();
  }
}
