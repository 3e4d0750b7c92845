import type { Model } from '../model/model.ts';
import type { Tensor } from '../runtime/tensor.ts';
import type { Weights } from '../model/weights.ts';

/**
 * A model's weights as they are, seen as constants: a tape computes no gradient of them, so that going back to an image costs the
 * input gradients alone. Views, no copies.
 */
export function frozenWeights({ weights }: Model): Weights {
  const views = new Map<string, Tensor>();
  return {
    parameter(name) {
      const known = views.get(name);
      if (known !== undefined) return known;
      const parameter = weights.parameter(name);
      // A view requires no gradient, whatever the tensor behind it does.
      const view = parameter.reshape(parameter.shape);
      views.set(name, view);
      return view;
    },
    running: (name) => weights.running(name),
  };
}
