/**
 * Products as they are dealt out on a GPU: split sums, parts shared by invocations, the weights' gradient behind Winograd's algorithm. The engine
 * is told that its adapter is one, so that these run wherever the tests do.
 */
import type { Conv2dOptions } from '../../src/kernels/conv2d/conv2d.ts';
import type { Shape } from '../../src/runtime/shape.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { choosePortableTiling, MOST_PART_ELEMENTS } from '../../src/kernels/matmul/portable_tile.ts';
import { conv2d } from '../../src/kernels/conv2d/conv2d.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { Engine } from '../../src/runtime/engine.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { startTape } from '../../src/kernels/tape.ts';

let base: Engine;
let gpu: Engine;
beforeAll(async () => {
  base = await createEngine();
  gpu = new Engine(base.device, { ...base.adapter, software: false });
});
afterAll(() => base.destroy());

const random = (shape: Shape, seed: number): Float32Array => {
  const stream = new RandomStream(seed);
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.uniform(-1, 1));
};

/** Output and gradients of a convolution, its bias and ReLU included; and the kernels that it launched, with their constants. */
async function convolve(engine: Engine, input: Shape, weight: Shape, options: Conv2dOptions) {
  const tape = startTape(engine);
  const inputs = [input, weight, [weight[3] ?? 1]].map((shape, index) =>
    engine.tensor(random(shape, index), shape, { requiresGradient: true }),
  );
  const [x, w, bias] = inputs;
  if (x === undefined || w === undefined || bias === undefined) throw new Error('three inputs');
  const launches: string[] = [];
  const run = tape.run.bind(tape);
  tape.run = (kernel, launch) => {
    const constants = Object.entries(launch.constants ?? {}).map(([name, value]) => `${name}=${value}`);
    launches.push(`${kernel.name} ${constants.join(' ')}`);
    run(kernel, launch);
  };
  try {
    const output = conv2d(tape, x, w, { bias, activation: 'relu', padding: 1, ...options });
    const results = [await engine.read(output)];
    const seed = engine.tensor(random(output.shape, 9), output.shape);
    tape.backward(output, seed);
    for (const tensor of inputs) {
      const gradient = tape.gradient(tensor);
      if (gradient !== null) results.push(await engine.read(gradient));
    }
    seed.dispose();
    return { results, launches };
  } finally {
    tape.end();
    for (const tensor of inputs) tensor.dispose();
  }
}

describe('a GPU gets what naive kernels get', () => {
  const winograd = { algorithm: 'winograd' } as const;
  test.each<[string, Shape, Shape, Conv2dOptions, RegExp]>([
    ['parts by four', [1, 4, 4, 384], [3, 3, 384, 20], {}, /^matmul\/sum_parts_vec4 .*SLOTS=4/],
    ['parts by sixteen', [2, 64, 64, 4], [3, 3, 4, 8], {}, /^matmul\/sum_parts_vec4 .*SLOTS=16/],
    ['tall workgroups', [1, 9, 7, 36], [3, 3, 36, 60], { stride: 2 }, /^matmul\/gather_portable DOWN=16/],
    ['wide workgroups', [1, 9, 7, 36], [3, 3, 36, 124], {}, /^matmul\/gather_portable DOWN=8 ACROSS=16/],
    ['a weight by the direct sum', [2, 13, 17, 20], [3, 3, 20, 68], winograd, /^matmul\/correlate_portable/],
    ['a weight by tiles', [1, 8, 8, 256], [3, 3, 256, 256], winograd, /^winograd\/weight_gradient_transform/],
  ])('%s', async (_, input, weight, options, launch) => {
    const direct = { ...options, algorithm: 'direct' } as const;
    const wanted = await convolve(base, input, weight, { ...direct, variant: 'naive' });
    const got = await convolve(gpu, input, weight, { algorithm: 'direct', variant: 'portable', ...options });
    expect(got.launches.some((text) => launch.test(text))).toBe(true);
    expect(got.results.length).toBe(4);
    for (const [index, values] of wanted.results.entries()) {
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const worst = values.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (got.results[index]?.[i] ?? Number.NaN))),
        0,
      );
      // Up to 8192 products in two orders, a rounding each, and ten times that by Winograd's algorithm; a product too many is of order 1.
      expect(worst / largest).toBeLessThan(options.algorithm === 'winograd' ? 4e-5 : 4e-6);
    }
  });

  test('and gives the memory of parts back', () => {
    const tape = startTape(gpu);
    const input = gpu.empty([1, 8, 8, 512]);
    const weight = gpu.empty([3, 3, 512, 512], 'f32', { requiresGradient: true });
    try {
      const before = gpu.memory().usedBytes;
      const output = conv2d(tape, input, weight, { padding: 1, variant: 'portable', algorithm: 'direct' });
      expect(gpu.memory().usedBytes - before).toBe(4 * output.size);
      // Of the parts' size: their buffer, which the tape must not take for one that a gradient needs.
      tape.release(tape.empty([36, 64, 512]));
      expect(gpu.memory().usedBytes - before).toBe(4 * output.size);
    } finally {
      tape.end();
      input.dispose();
      weight.dispose();
    }
  });
});

describe('tiles', () => {
  const product = { rows: 392, columns: 256, terms: 2304, mostPartElements: MOST_PART_ELEMENTS };
  const hardware = { software: false, variant: 'portable' } as const;

  test('are split until they keep a GPU busy', () => {
    expect(choosePortableTiling('gather', product, hardware)).toEqual({
      constants: { DOWN: 8, ACROSS: 16 },
      rowTiles: 7,
      columnTiles: 2,
      // 396 workgroups of 128 fill it, and would be 28 parts; but no part has fewer than 128 terms.
      splits: 18,
    });
    expect(choosePortableTiling('gather', { ...product, rows: 100_352 }, hardware).splits).toBe(1);
    expect(choosePortableTiling('correlate', product, hardware).constants).toEqual({ DOWN: 8, ACROSS: 8 });
    expect(choosePortableTiling('gather', product, { ...hardware, software: true }).constants).toEqual({
      DOWN: 8,
      ACROSS: 8,
    });
  });

  test('are tall where columns are few', () => {
    for (const [columns, across] of [
      [4, 8],
      [64, 8],
      [68, 16],
      [192, 8],
      [200, 16],
    ] as const)
      expect(choosePortableTiling('gather', { ...product, columns }, hardware).constants.ACROSS).toBe(across);
  });

  test('make no more parts than memory is to hold', () => {
    expect(choosePortableTiling('gather', { ...product, mostPartElements: 0 }, hardware).splits).toBe(1);
    const five = 5 * product.rows * product.columns + 1;
    expect(choosePortableTiling('gather', { ...product, mostPartElements: five }, hardware).splits).toBe(5);
  });
});
