import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blurCases } from '../../src/kernels/gaussian_blur/cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { gaussianBlur } from '../../src/kernels/gaussian_blur/gaussian_blur.ts';
import { parseSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { readFixture } from '../fixture.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(blurCases);

const blurred = parseSafetensors(await readFixture('gaussian_blur/blur31.safetensors'));

/** A tensor of the fixture: three grey images of 40x48, as they went in and as the official code blurred them. */
function golden(name: string): Float32Array<ArrayBuffer> {
  const tensor = blurred.tensors.get(name);
  if (tensor === undefined) throw new RangeError(`the fixture has no ${name}`);
  return toFloat32(tensor);
}

describe('gaussianBlur', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('31x31 with sigma 15 as the blurred baseline of the official code', async () => {
    const tape = startTape(engine);
    const x = engine.tensor(golden('in'), [3, 40, 48, 1]);
    try {
      const got = await engine.read(gaussianBlur(tape, x, { kernelSize: 31, sigma: 15 }));
      const wanted = golden('blur');
      let worst = 0;
      for (const [i, value] of got.entries())
        worst = Math.max(worst, Math.abs(value - (wanted[i] ?? Number.NaN)));
      // Both sides add up 31 or 961 products in f32; blurred values are about 1, so a few dozen roundings of 2^-24.
      expect(worst).toBeLessThanOrEqual(64 * 2 ** -24);
    } finally {
      tape.end();
      x.dispose();
    }
  });

  test('one infinite gradient reaches its window and no further', async () => {
    const tape = startTape(engine);
    const x = engine.zeros([1, 16, 16, 1], 'f32', { requiresGradient: true });
    const gradient = new Float32Array(256);
    gradient[8 * 16 + 8] = Infinity;
    const seed = engine.tensor(gradient, [1, 16, 16, 1]);
    try {
      tape.backward(gaussianBlur(tape, x, { kernelSize: 3, sigma: 1 }), seed);
      const got = await engine.read(tape.gradient(x) ?? seed);
      const infinite = [...got.entries()].flatMap(([i, value]) => (value === Infinity ? [i] : []));
      const window = [7, 8, 9].flatMap((row) => [7, 8, 9].map((column) => row * 16 + column));
      expect(infinite).toEqual(window);
      expect(got.filter((value) => value === 0)).toHaveLength(256 - 9);
    } finally {
      tape.end();
      x.dispose();
      seed.dispose();
    }
  });

  test('misuse is refused at the call', () => {
    const tape = startTape(engine);
    try {
      const x = tape.empty([1, 5, 7, 3]);
      const blur = (kernelSize: number, sigma: number) => () => gaussianBlur(tape, x, { kernelSize, sigma });
      expect(blur(4, 1)).toThrow(/gaussianBlur: kernelSize is 4, wanted an odd number from 1 to 9/);
      expect(blur(11, 1)).toThrow(/kernelSize is 11/);
      expect(blur(3, 0)).toThrow(/gaussianBlur: sigma is 0/);
      expect(() => gaussianBlur(tape, tape.empty([5, 7]), { kernelSize: 1, sigma: 1 })).toThrow(/shape of x/);
    } finally {
      tape.end();
    }
  });
});
