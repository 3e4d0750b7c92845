/** Values on the host, how they are laid out, and how far two of them are apart. */
import type { Shape } from '../../src/runtime/shape.ts';
import { hwioToOihw, oihwToHwio } from '../../src/model/layout.ts';
import { RandomStream } from '../../src/runtime/random.ts';

/** Peers hand tensors to each other with channels last: images [N,H,W,C], filters [KH,KW,Cin,Cout]. */
export interface HostTensor {
  readonly values: Float32Array;
  readonly shape: Shape;
  /** What the axes are, for peers that want channels first. */
  readonly layout: 'image' | 'filter' | 'plain';
}

/** Tensors by name. */
export type HostTensors = Readonly<Record<string, HostTensor>>;

/** Product of the sizes. */
export function elementCount(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Values from a shape, with the layout that its number of axes suggests. */
export function hostTensor(
  values: Float32Array,
  shape: Shape,
  layout: HostTensor['layout'] = 'plain',
): HostTensor {
  return { values, shape, layout };
}

/** Approximately normal values with the given deviation; the same in every run. */
export function randomTensor(
  shape: Shape,
  seed: number,
  layout: HostTensor['layout'] = 'plain',
  deviation = 1,
): HostTensor {
  const stream = new RandomStream(seed);
  const values = Float32Array.from({ length: elementCount(shape) }, () => deviation * stream.normal());
  return { values, shape, layout };
}

/** [N,A,B,C] -> [N,C,A,B] */
function moveChannelsForward(values: Float32Array, shape: Shape): Float32Array {
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const pixels = height * width;
  const result = new Float32Array(values.length);
  for (let image = 0; image < batch; image++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let channel = 0; channel < channels; channel++)
        result[(image * channels + channel) * pixels + pixel] =
          values[(image * pixels + pixel) * channels + channel] ?? 0;
  return result;
}

/** Values and shape in PyTorch's order: images [N,C,H,W], filters [Cout,Cin,KH,KW]. */
export function toChannelsFirst({ values, shape, layout }: HostTensor): {
  readonly values: Float32Array;
  readonly shape: Shape;
} {
  if (layout === 'plain') return { values, shape };
  const [first = 1, second = 1, third = 1, fourth = 1] = shape;
  return layout === 'image'
    ? { values: moveChannelsForward(values, shape), shape: [first, fourth, second, third] }
    : { values: hwioToOihw(values, shape), shape: [fourth, third, first, second] };
}

/** The tensor whose values and shape in PyTorch's order are these. */
export function fromChannelsFirst(
  values: Float32Array,
  shape: Shape,
  layout: HostTensor['layout'],
): HostTensor {
  if (layout === 'plain') return { values, shape, layout };
  const [first = 1, second = 1, third = 1, fourth = 1] = shape;
  if (layout === 'filter')
    return { values: oihwToHwio(values, shape), shape: [third, fourth, second, first], layout };
  // Channels to the end is the same move as the end to the channels, on an image of C x (H * W).
  const moved = moveChannelsForward(values, [first, 1, second, third * fourth]);
  return { values: moved, shape: [first, third, fourth, second], layout };
}

/**
 * Largest absolute difference, as a part of the largest absolute value wanted; infinite when sizes differ or a value is no
 * number.
 */
export function relativeDeviation(got: Float32Array, wanted: Float32Array): number {
  if (got.length !== wanted.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let scale = 0;
  for (const [index, value] of wanted.entries()) {
    const distance = Math.abs(value - (got[index] ?? Number.NaN));
    if (Number.isNaN(distance)) return Number.POSITIVE_INFINITY;
    difference = Math.max(difference, distance);
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? Number.POSITIVE_INFINITY : difference / scale;
}
