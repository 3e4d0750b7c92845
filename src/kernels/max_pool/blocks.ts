import type { PoolGeometry } from './geometry.ts';
import type { Tuning } from '../tuning.ts';
import { ceilDivide } from '../../runtime/grid.ts';

/** Windows up to this many pixels are compiled into straight code; the places of larger ones might not fit a byte either. */
export const UNROLLED_PIXELS = 64;

/** Outputs, or blocks of inputs, that one invocation computes in a row: many on software adapters, where loads cost most. */
export const stripOf = (length: number, tuning: Tuning): number =>
  tuning === 'software' ? length : Math.min(4, length);

/** What the vec4 kernels are specialised by. */
export function windowConstants({ kernelHeight, kernelWidth, strideY, strideX }: PoolGeometry): {
  readonly KERNEL_HEIGHT: number;
  readonly KERNEL_WIDTH: number;
  readonly STRIDE_Y: number;
  readonly STRIDE_X: number;
} {
  return {
    KERNEL_HEIGHT: kernelHeight,
    KERNEL_WIDTH: kernelWidth,
    STRIDE_Y: strideY,
    STRIDE_X: strideX,
  };
}

/**
 * Blocks of strideY x strideX pixels of the padded image, from its upper left corner, that hold pixels of the image: all pixels of
 * one lie in the same windows.
 */
export function inputBlocks(g: PoolGeometry): {
  readonly firstBlockY: number;
  readonly firstBlockX: number;
  readonly blocksY: number;
  readonly blocksX: number;
} {
  const firstBlockY = Math.floor(g.padTop / g.strideY);
  const firstBlockX = Math.floor(g.padLeft / g.strideX);
  return {
    firstBlockY,
    firstBlockX,
    blocksY: ceilDivide(g.padTop + g.inputHeight, g.strideY) - firstBlockY,
    blocksX: ceilDivide(g.padLeft + g.inputWidth, g.strideX) - firstBlockX,
  };
}
