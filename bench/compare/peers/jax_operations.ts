/** What jax-js lacks and the cases want, written with what it has. Every operation consumes its arguments. */
import type { HeadWork } from '../work.ts';
import type { HostTensor } from '../tensors.ts';
import type * as jaxModule from '@jax-js/jax';
import type { JaxArray } from '@jax-js/jax';
import { BATCH_NORM_EPSILON } from '../work.ts';
import { hostTensor, toChannelsFirst } from '../tensors.ts';

export type Jax = typeof jaxModule;
export type FunctionOf = (...inputs: JaxArray[]) => JaxArray;

/** A tensor of the host with channels first. */
export function uploadToJax(jax: Jax, tensor: HostTensor): JaxArray {
  const { values, shape } = toChannelsFirst(tensor);
  return jax.numpy.array(values, { shape: [...shape] });
}

/** A function and its gradients, whose last argument is the output's gradient. */
export function withGradients(jax: Jax, work: FunctionOf): (...inputs: JaxArray[]) => JaxArray[] {
  return (...given) => {
    const outputGradient = given.pop();
    if (outputGradient === undefined) throw new Error('the output needs a gradient');
    const [output, pullBack] = jax.vjp(work, given);
    const gradients = pullBack(outputGradient);
    pullBack.dispose();
    return [output, ...gradients];
  };
}

/** Batch normalisation in training, of input, scale and shift. */
export function batchNorm({ numpy }: Jax): FunctionOf {
  const perChannel = (values: JaxArray): JaxArray => values.reshape([1, -1, 1, 1]);
  return (input, scale, shift) => {
    const centred = input.ref.sub(numpy.mean(input, [0, 2, 3], { keepdims: true }));
    const variance = numpy.mean(centred.ref.mul(centred.ref), [0, 2, 3], { keepdims: true });
    const normalised = centred.div(numpy.sqrt(variance.add(BATCH_NORM_EPSILON)));
    return normalised.mul(perChannel(scale)).add(perChannel(shift));
  };
}

/** 3x3 of stride 2. Padding is of zeros only, which a mask turns into something below every value. */
export function maxPool({ numpy, lax }: Jax): FunctionOf {
  const widths: [number, number][] = [
    [0, 0],
    [0, 0],
    [1, 1],
    [1, 1],
  ];
  return (input) => {
    const inside = numpy.greater(numpy.pad(numpy.ones(input.shape), widths), 0);
    const padded = numpy.where(inside, numpy.pad(input, widths), -3e38);
    return lax.reduceWindow(padded, (window) => numpy.max(window), [3, 3], [2, 2]);
  };
}

/** p(y,z|x), [N,C,H,W], of class and location logits: the formula as it is written. */
export function jointMap({ numpy, nn }: Jax): FunctionOf {
  return (f, a) => {
    const activation = nn.softplus(a);
    const prior = activation.ref.div(numpy.sum(activation, [2, 3], { keepdims: true }));
    return nn.softmax(f, 1).mul(prior);
  };
}

/** CALM-EM's mean loss of class logits, location logits and one-hot labels. */
export function headLoss(jax: Jax): FunctionOf {
  const { numpy, lax } = jax;
  const joint = jointMap(jax);
  return (f, a, oneHot) => {
    const likelihood = numpy.sum(joint(f, a).mul(oneHot), 1);
    const total = numpy.sum(likelihood.ref, [1, 2], { keepdims: true });
    const posterior = lax.stopGradient(likelihood.ref.div(total));
    return numpy.mean(numpy.sum(posterior.mul(numpy.log(likelihood)), [1, 2]), 0).mul(-1);
  };
}

/** Labels as the loss wants them. */
export function oneHotLabels({
  batch,
  classes,
  labels,
}: Pick<HeadWork, 'batch' | 'classes' | 'labels'>): HostTensor {
  const oneHot = new Float32Array(batch * classes);
  for (const [image, label] of labels.entries()) oneHot[image * classes + label] = 1;
  return hostTensor(oneHot, [batch, 1, 1, classes], 'image');
}
