import type { Engine } from '../../runtime/engine.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape } from '../../runtime/shape.ts';
import { cropNormalise as cropNormaliseKernel } from './crop_normalise.wgsl.ts';
import { reject } from '../../runtime/errors.ts';

/** What to cut out of a batch of images, and how to normalise it. */
export interface PreprocessOptions {
  /** Number, height and width of the images. */
  readonly images: readonly [batch: number, height: number, width: number];
  /** Size of the region that is cut out of each image, in pixels. */
  readonly height: number;
  readonly width: number;
  /** Upper left corner of each region, in pixels: top 0, left 0, top 1, left 1, ... [2N]. Default: the centre (rounded down). */
  readonly crops?: ArrayLike<number>;
  /** Whether to mirror each region from left to right (0 or 1) [N]. Default: none. */
  readonly flips?: ArrayLike<number>;
  /** Of red, green, blue, on the scale of 0 to 1. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Numbers of u32s that hold so many packed bytes. */
const packedSize = (bytes: number): number => ceilDivide(bytes, 4);

/**
 * Copies images of bytes [N,H,W,3] to the GPU, four bytes to a u32 (the first in the lowest bits): what `preprocess` takes. The
 * caller owns the tensor. Throws ArgumentError when the bytes are none.
 */
export function uploadImages(engine: Engine, bytes: Uint8Array): Tensor<'u32'> {
  if (bytes.length === 0) reject('uploadImages', 'number of bytes', '0', '1 or more');
  const packed = new Uint32Array(packedSize(bytes.length));
  new Uint8Array(packed.buffer).set(bytes);
  return engine.tensor(packed, [packed.length]);
}

/** Top, left and flip of every image, checked to lie within it. */
function placements(options: PreprocessOptions): Uint32Array {
  const { images, height, width, crops, flips } = options;
  const [batch, imageHeight, imageWidth] = images;
  if (crops !== undefined && crops.length !== 2 * batch)
    reject(
      'preprocess',
      'length of crops',
      String(crops.length),
      `${2 * batch}: top and left of ${batch} images`,
    );
  if (flips !== undefined && flips.length !== batch)
    reject('preprocess', 'length of flips', String(flips.length), `${batch}, one an image`);
  const fits = (start: number, size: number, whole: number): boolean =>
    Number.isInteger(start) && start >= 0 && start + size <= whole;
  const list = new Uint32Array(3 * batch);
  for (let image = 0; image < batch; image++) {
    const top = crops?.[2 * image] ?? Math.floor((imageHeight - height) / 2);
    const left = crops?.[2 * image + 1] ?? Math.floor((imageWidth - width) / 2);
    if (!fits(top, height, imageHeight) || !fits(left, width, imageWidth)) {
      reject(
        'preprocess',
        `crop of image ${image}`,
        `${height}x${width} at top ${top}, left ${left}`,
        `a region within ${imageHeight}x${imageWidth}`,
      );
    }
    list.set([top, left, (flips?.[image] ?? 0) === 0 ? 0 : 1], 3 * image);
  }
  return list;
}

/**
 * Network input from bytes: cuts a region out of each image, mirrors it where asked, and normalises it as torchvision's ToTensor
 * and Normalize do: (byte / 255 - mean) / std. `images` are packed bytes [ceil(N*H*W*3 / 4)] (see `uploadImages`); returns
 * [N,height,width,3]. Resizing commutes with it (both are linear), so `resizeBilinear` of the result resizes the region.
 * Throws ArgumentError when sizes, crops or flips do not fit the images or a std is not above 0. No gradient.
 */
export function preprocess(tape: Tape, images: Tensor<'u32'>, options: PreprocessOptions): Tensor {
  const { mean, std, height, width } = options;
  const [batch, imageHeight, imageWidth] = options.images;
  checkShape('preprocess', 'images', images, [packedSize(batch * imageHeight * imageWidth * 3)]);
  if (std.some((value) => !(value > 0)))
    reject('preprocess', 'std', `[${std.join(',')}]`, 'three numbers above 0');
  const placement = tape.empty([batch, 3], 'u32');
  tape.engine.write(placement, placements(options));
  const normalisation = tape.empty([3, 2]);
  const factors = std.flatMap((deviation, c) => [1 / (255 * deviation), -(mean[c] ?? 0) / deviation]);
  tape.engine.write(normalisation, Float32Array.from(factors));
  const output = tape.empty([batch, height, width, 3]);
  const count = ceilDivide(output.size, 4);
  tape.run(cropNormaliseKernel, {
    buffers: { images, placement, normalisation, output },
    params: { count, imageHeight, imageWidth, height, width, lastImage: batch - 1 },
    workgroups: ceilDivide(count, cropNormaliseKernel.constants.WORKGROUP.value),
    work: { bytes: 5 * output.size, flops: 2 * output.size },
  });
  return output;
}
