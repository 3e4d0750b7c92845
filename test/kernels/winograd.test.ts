import { conv2d } from '../../src/kernels/conv2d/conv2d.ts';
import { convolutionGeometry } from '../../src/kernels/conv2d/geometry.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describe, expect, test } from 'vitest';
import { describeOp } from './describe_op.ts';
import { Engine } from '../../src/runtime/engine.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { winogradCases } from '../../src/kernels/winograd/cases.ts';
import { winogradPays, winogradWeightPays } from '../../src/kernels/winograd/winograd.ts';

describeOp(winogradCases);

describe('conv2d chooses winograd', () => {
  const layer = (batch: number, side: number, channels: number, kernel = 3, stride = 1) =>
    convolutionGeometry(
      'test',
      { shape: [batch, side, side, channels] },
      { shape: [kernel, kernel, channels, channels] },
      { padding: 1, stride },
    );

  test('for wide 3x3 layers of large maps, on a GPU of large batches', async () => {
    const engine = await createEngine();
    try {
      if (!engine.capabilities.software) return;
      expect(winogradPays(engine, layer(2, 56, 64))).toBe(true);
      expect(winogradPays(engine, layer(2, 28, 512))).toBe(true);
      // The weights' transforms would outweigh the few pixels.
      expect(winogradPays(engine, layer(1, 7, 512))).toBe(false);
      expect(winogradPays(engine, layer(2, 56, 64, 3, 2))).toBe(false);
      expect(winogradPays(engine, layer(2, 56, 64, 1))).toBe(false);
      expect(winogradPays(engine, layer(2, 56, 66))).toBe(false);
      // 36 points of every tile would not fit one binding.
      expect(winogradPays(engine, layer(8192, 56, 64))).toBe(false);
      // Nor those of the input, which backward tiles: 4 tiles for each of the output.
      const narrow = [{ shape: [4000, 6, 6, 64] }, { shape: [3, 3, 64, 64] }] as const;
      expect(winogradPays(engine, convolutionGeometry('test', ...narrow, {}))).toBe(
        4 * 36 * 16_000 * 64 <= engine.device.limits.maxStorageBufferBindingSize,
      );
      const gpu = new Engine(engine.device, { ...engine.adapter, software: false });
      expect(winogradPays(gpu, layer(2, 56, 64))).toBe(false);
      expect(winogradPays(gpu, layer(32, 56, 64))).toBe(true);
      // 32 tiles do not fill the products' rows.
      expect(winogradPays(gpu, layer(8, 7, 512))).toBe(false);
      expect(winogradPays(gpu, layer(8192, 56, 64))).toBe(false);
      expect(winogradWeightPays(engine, layer(32, 56, 64))).toBe(true);
      expect(winogradWeightPays(gpu, layer(32, 56, 64))).toBe(false);
      expect(winogradWeightPays(gpu, layer(32, 14, 256))).toBe(true);
    } finally {
      engine.destroy();
    }
  });

  test('never against its will, and refuses what it cannot', async () => {
    const engine = await createEngine();
    const tape = startTape(engine, { gradients: false });
    try {
      const input = tape.empty([1, 8, 8, 4]);
      const options = { algorithm: 'winograd' } as const;
      expect(() => conv2d(tape, input, tape.empty([3, 3, 4, 6]), options)).toThrow(
        /conv2d.*algorithm is winograd.*multiples of 4/,
      );
      expect(() => conv2d(tape, input, tape.empty([3, 3, 4, 8]), { ...options, stride: 2 })).toThrow(
        /conv2d.*algorithm is winograd/,
      );
      if (!engine.capabilities.timestamps) return;
      const { samples } = await engine.profile(
        () => void conv2d(tape, input, tape.empty([3, 3, 4, 8]), { algorithm: 'direct' }),
      );
      expect(samples.map(({ kernel }) => kernel.split('/')[0])).toEqual(['matmul']);
    } finally {
      tape.end();
      engine.destroy();
    }
  });
});
