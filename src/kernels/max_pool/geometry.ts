import { imageShape } from '../../runtime/shape.ts';
import { ArgumentError, reject } from '../../runtime/errors.ts';

/** How a pooling window steps over an image. A number serves both axes; a pair is [vertical, horizontal]. */
export interface PoolOptions {
  readonly kernel: number | readonly [number, number];
  /** Default: the kernel's size. */
  readonly stride?: number | readonly [number, number];
  /** On both sides; at most half of the (dilated) kernel. Default: 0. */
  readonly padding?: number | readonly [number, number];
  /** Distance between the window's pixels. Default: 1. */
  readonly dilation?: number | readonly [number, number];
  /**
   * Whether a last window that reaches beyond the lower or right padding counts, if it begins within the image (torch's ceil_mode).
   * Default: false.
   */
  readonly ceilMode?: boolean;
}

/** All sizes of one pooling of [N,H,W,C]. */
export interface PoolGeometry {
  readonly batch: number;
  readonly channels: number;
  readonly inputHeight: number;
  readonly inputWidth: number;
  readonly outputHeight: number;
  readonly outputWidth: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly dilationY: number;
  readonly dilationX: number;
}

const pairOf = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

function wholePair(
  operation: string,
  argument: string,
  value: number | readonly [number, number],
  least: number,
): readonly [number, number] {
  const pair = pairOf(value);
  if (pair.some((size) => !Number.isInteger(size) || size < least))
    reject(operation, argument, `[${pair.join(',')}]`, `whole numbers >= ${least}`);
  return pair;
}

/** Windows along an axis of `size` pixels, given by how much the padded axis is longer than a window. */
function windowsAlong(
  size: number,
  padding: number,
  room: number,
  stride: number,
  ceilMode: boolean,
): number {
  if (!ceilMode) return Math.floor(room / stride) + 1;
  const count = Math.ceil(room / stride) + 1;
  // One that would begin in the lower padding holds nothing.
  return (count - 1) * stride >= size + padding ? count - 1 : count;
}

/**
 * Sizes of a pooling: floor((H + 2 padding - dilation * (kernel - 1) - 1) / stride) + 1 rows, columns alike, rounded up with
 * `ceilMode` (torch.nn.MaxPool2d). Throws ArgumentError naming the operation on wrong shapes or options.
 */
export function poolGeometry(
  operation: string,
  input: { readonly shape: readonly number[] },
  options: PoolOptions,
): PoolGeometry {
  const [batch, inputHeight, inputWidth, channels] = imageShape(operation, 'input', input);
  const kernel = wholePair(operation, 'kernel', options.kernel, 1);
  const stride = wholePair(operation, 'stride', options.stride ?? kernel, 1);
  const padding = wholePair(operation, 'padding', options.padding ?? 0, 0);
  const dilation = wholePair(operation, 'dilation', options.dilation ?? 1, 1);
  const ceilMode = options.ceilMode ?? false;
  const spanY = dilation[0] * (kernel[0] - 1) + 1;
  const spanX = dilation[1] * (kernel[1] - 1) + 1;
  if (2 * padding[0] > spanY || 2 * padding[1] > spanX) {
    const half = `at most half of the window's ${spanY} x ${spanX} pixels`;
    reject(operation, 'padding', `[${padding.join(',')}]`, half);
  }
  const roomY = inputHeight + 2 * padding[0] - spanY;
  const roomX = inputWidth + 2 * padding[1] - spanX;
  // Rounded up, a window may reach over the end, if it is by less than a stride.
  const fits = (room: number, step: number): boolean => (ceilMode ? room > -step : room >= 0);
  if (!fits(roomY, stride[0]) || !fits(roomX, stride[1])) {
    throw new ArgumentError(
      `${operation}: kernel spans ${spanY} x ${spanX} pixels, wanted at most the padded input` +
        `${ceilMode ? ' and less than a stride more' : ''}, ` +
        `${inputHeight + 2 * padding[0]} x ${inputWidth + 2 * padding[1]}`,
    );
  }
  return {
    batch,
    channels,
    inputHeight,
    inputWidth,
    outputHeight: windowsAlong(inputHeight, padding[0], roomY, stride[0], ceilMode),
    outputWidth: windowsAlong(inputWidth, padding[1], roomX, stride[1], ceilMode),
    kernelHeight: kernel[0],
    kernelWidth: kernel[1],
    strideY: stride[0],
    strideX: stride[1],
    padTop: padding[0],
    padLeft: padding[1],
    dilationY: dilation[0],
    dilationX: dilation[1],
  };
}
