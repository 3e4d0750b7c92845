import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../../src/runtime/engine.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { maxPool2d } from '../../src/kernels/max_pool/max_pool.ts';
import { maxPoolCases } from '../../src/kernels/max_pool/cases.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(maxPoolCases);

describe('maxPool2d', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ guardMemory: true });
  });
  afterAll(() => engine.destroy());

  test.each([1, 4])('NaN and infinities of %i channels do as in PyTorch', async (channels) => {
    const rows = [
      [1, Number.NaN, 5, Number.NaN],
      [-Infinity, -Infinity, -Infinity, -Infinity],
      [2, Infinity, Infinity, 1],
      [Number.NaN, 1, 2, 3],
    ];
    const values = Float32Array.from(
      rows.flat().flatMap((value) => Array.from({ length: channels }, () => value)),
    );
    const input = engine.tensor(values, [1, 4, 4, channels], { requiresGradient: true });
    const tape = startTape(engine);
    try {
      const output = maxPool2d(tape, input, { kernel: [1, 4] });
      const got = [...(await engine.read(output))].filter((_, i) => i % channels === 0);
      expect(got).toEqual([Number.NaN, -Infinity, Infinity, Number.NaN]);
      tape.backward(output, engine.tensor(new Float32Array(4 * channels).fill(1), output.shape));
      const gradient = tape.gradient(input);
      const places = gradient === null ? [] : [...(await engine.read(gradient))];
      expect(places.filter((_, i) => i % channels === 0)).toEqual(
        [
          [0, 0, 0, 1],
          [1, 0, 0, 0],
          [0, 1, 0, 0],
          [1, 0, 0, 0],
        ].flat(),
      );
    } finally {
      tape.end();
    }
  });

  test('misuse names the argument', () => {
    const tape = startTape(engine);
    const input = engine.zeros([1, 5, 5, 4]);
    expect(() => maxPool2d(tape, engine.zeros([5, 5, 4]), { kernel: 2 })).toThrow(
      /maxPool2d: shape of input is \[5,5,4\]/,
    );
    expect(() => maxPool2d(tape, input, { kernel: 0 })).toThrow(/maxPool2d: kernel is \[0,0\]/);
    expect(() => maxPool2d(tape, input, { kernel: 3, stride: 1.5 })).toThrow(/maxPool2d: stride/);
    expect(() => maxPool2d(tape, input, { kernel: 2, padding: 2 })).toThrow(
      /maxPool2d: padding is \[2,2\], wanted at most half of the window's 2 x 2 pixels/,
    );
    expect(() => maxPool2d(tape, input, { kernel: 3, dilation: [1, 0] })).toThrow(/maxPool2d: dilation/);
    expect(() => maxPool2d(tape, input, { kernel: 7 })).toThrow(/maxPool2d: kernel spans 7 x 7 pixels/);
    tape.end();
  });
});
