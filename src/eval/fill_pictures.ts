import type { Engine } from '../runtime/engine.ts';
import type { Fill } from './erasure.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { gaussianBlur } from '../kernels/gaussian_blur/gaussian_blur.ts';
import { imageShape } from '../runtime/shape.ts';
import { RandomStream } from '../runtime/random.ts';
import { startTape } from '../kernels/tape.ts';

const NOISE = 0x0153;

/** Officially 31 and 15 (`util.get_baseline`). */
const BLUR = { kernelSize: 31, sigma: 15 } as const;

/**
 * What erased pixels of normalised images f32 [N,H,W,3] are replaced by: [N,H,W,3] on the host. Noise depends on `seed` and on the
 * images' positions `indices` in their data set only. Throws ArgumentError when images for `blur` are smaller than 16 pixels.
 */
export async function fillPictures(
  engine: Engine,
  images: Tensor,
  fill: Fill,
  seed: number,
  indices: ArrayLike<number>,
): Promise<Float32Array> {
  const [count, height, width] = imageShape('fillPictures', 'images', images);
  if (fill === 'zero') return new Float32Array(images.size);
  if (fill === 'blur') {
    const tape = startTape(engine, { gradients: false });
    try {
      return await engine.read(gaussianBlur(tape, images, BLUR));
    } finally {
      tape.end();
    }
  }
  const values = await engine.read(images);
  const filled = new Float32Array(values.length);
  const pixels = height * width;
  for (let image = 0; image < count; image++) {
    const random = new RandomStream(NOISE, seed, indices[image] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      const first = 3 * image * pixels + channel;
      const { mean, deviation } = channelStatistics(values, first, pixels);
      for (let pixel = 0; pixel < pixels; pixel++)
        filled[first + 3 * pixel] = fill === 'mean' ? mean : mean + deviation * random.normal();
    }
  }
  return filled;
}

function channelStatistics(
  values: Float32Array,
  first: number,
  pixels: number,
): { readonly mean: number; readonly deviation: number } {
  let sum = 0;
  for (let pixel = 0; pixel < pixels; pixel++) sum += values[first + 3 * pixel] ?? 0;
  const mean = sum / pixels;
  let squares = 0;
  for (let pixel = 0; pixel < pixels; pixel++) squares += ((values[first + 3 * pixel] ?? 0) - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / pixels) };
}
