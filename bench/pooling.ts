/** Max, average and global average pooling at the networks' shapes, forward and gradient, beside a copy kernel. */
import type { Array64 } from '../src/kernels/reference.ts';
import type { AveragePoolOptions } from '../src/kernels/average_pool/average_pool.ts';
import type { Candidate, Operations } from './measure.ts';
import type { PoolOptions } from '../src/kernels/max_pool/geometry.ts';
import type { Shape } from '../src/runtime/shape.ts';
import type { Tape } from '../src/runtime/tape.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { array64 } from '../src/kernels/reference.ts';
import { averagePool2d } from '../src/kernels/average_pool/average_pool.ts';
import { averagePoolReference, averagePoolReferenceGradient } from '../src/kernels/average_pool/reference.ts';
import { globalAveragePool } from '../src/kernels/global_average_pool/global_average_pool.ts';
import {
  globalAveragePoolReference,
  globalAveragePoolReferenceGradient,
} from '../src/kernels/global_average_pool/reference.ts';
import { maxPool2d } from '../src/kernels/max_pool/max_pool.ts';
import { maxPoolReference, maxPoolReferenceGradient } from '../src/kernels/max_pool/reference.ts';
import { openBench } from './harness.ts';
import { startTape } from '../src/kernels/tape.ts';

const bench = await openBench('pooling');
const { engine } = bench;
const batch = engine.capabilities.software ? 8 : 32;

interface Pooling {
  readonly name: string;
  readonly shape: Shape;
  readonly run: (tape: Tape, input: Tensor) => Tensor;
  readonly reference: (input: Array64) => Array64;
  readonly referenceGradient: (input: Array64, outputGradient: Array64) => Array64;
  /** Bytes of max pooling's indices an output element. */
  readonly indexBytes: number;
  /** What each direction must do, from the elements of input and output. */
  readonly operations: (
    input: number,
    output: number,
  ) => { readonly forward: Required<Moves>; readonly gradient: Required<Moves> };
}

type Moves = Pick<Operations, 'loads' | 'scalarLoads' | 'stores'>;

/**
 * Every output takes the window's pixels that its left neighbour has not, row by row; every output's gradient goes to as many rows of
 * blocks as its window has. Four indices are one element, moved by itself.
 */
const windowOperations =
  (kernel: number, stride: number, indexed: number): Pooling['operations'] =>
  (input, output) => {
    const windows = Math.ceil(kernel / stride);
    return {
      forward: {
        loads: output * kernel * Math.min(kernel, stride),
        scalarLoads: (indexed * output) / 4,
        stores: output,
      },
      gradient: {
        loads: windows * output,
        scalarLoads: (indexed * windows * output) / 4,
        stores: input,
      },
    };
  };

interface Square {
  readonly kernel: number;
  readonly stride?: number;
}

const maxPooling = (name: string, shape: Shape, options: PoolOptions & Square): Pooling => ({
  name,
  shape,
  run: (tape, input) => maxPool2d(tape, input, options),
  reference: (input) => maxPoolReference(input, options),
  referenceGradient: (input, outputGradient) => maxPoolReferenceGradient(input, outputGradient, options),
  indexBytes: 1,
  operations: windowOperations(options.kernel, options.stride ?? options.kernel, 1),
});

const averagePooling = (name: string, shape: Shape, options: AveragePoolOptions & Square): Pooling => ({
  name,
  shape,
  run: (tape, input) => averagePool2d(tape, input, options),
  reference: (input) => averagePoolReference(input, options),
  referenceGradient: (input, outputGradient) => averagePoolReferenceGradient(input, outputGradient, options),
  indexBytes: 0,
  operations: windowOperations(options.kernel, options.stride ?? options.kernel, 0),
});

const globalPooling = (shape: Shape): Pooling => ({
  name: 'global average',
  shape,
  run: (tape, input) => globalAveragePool(tape, input),
  reference: (input) => globalAveragePoolReference(input),
  referenceGradient: (input, outputGradient) =>
    globalAveragePoolReferenceGradient(input.shape, outputGradient),
  indexBytes: 0,
  operations: (input, output) => ({
    forward: { loads: input, scalarLoads: 0, stores: output },
    gradient: { loads: output, scalarLoads: 0, stores: input },
  }),
});

const poolings: Pooling[] = [
  maxPooling('max 3x3 / 2, ResNet', [batch, 112, 112, 64], { kernel: 3, stride: 2, padding: 1 }),
  maxPooling('max 2x2 / 2, VGG', [batch, 56, 56, 256], { kernel: 2 }),
  maxPooling('max 3x3 / 1', [batch, 28, 28, 256], { kernel: 3, stride: 1, padding: 1 }),
  averagePooling('average 3x3 / 1, Inception', [batch, 35, 35, 288], { kernel: 3, stride: 1, padding: 1 }),
  averagePooling('average 2x2 / 2', [batch, 56, 56, 256], { kernel: 2 }),
  globalPooling([batch, 7, 7, 2048]),
  globalPooling([batch, 28, 28, 512]),
];

/** Shuffled, distinct values: no maximum is tied. */
function values(count: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const size = (shape: Shape): number => shape.reduce((product, axis) => product * axis, 1);

/** Compares with the float64 reference on one narrow image of the same kind. */
async function check(pooling: Pooling): Promise<void> {
  const shape = [1, 9, 11, 16];
  const input = engine.tensor(values(size(shape)), shape, { requiresGradient: true });
  const tape = startTape(engine);
  const disposed: Tensor[] = [input];
  try {
    const output = tape.keep(pooling.run(tape, input));
    const outputGradient = engine.tensor(values(output.size), output.shape);
    disposed.push(outputGradient);
    tape.backward(output, outputGradient);
    const gradient = tape.gradient(input);
    if (gradient === null) throw new Error('no gradient');
    const input64 = array64(shape, await engine.read(input));
    const gradient64 = array64(output.shape, await engine.read(outputGradient));
    const pairs = [
      [await engine.read(output), pooling.reference(input64)],
      [await engine.read(gradient), pooling.referenceGradient(input64, gradient64)],
    ] as const;
    for (const [got, wanted] of pairs) {
      const worst = got.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (wanted.data[i] ?? Number.NaN))),
        0,
      );
      // Sums of at most 99 values of order 1.
      if (!(worst < 1e-5)) throw new Error(`${pooling.name}: error ${worst}`);
    }
  } finally {
    tape.end();
    for (const tensor of disposed) tensor.dispose();
  }
}

for (const pooling of bench.quick ? poolings.slice(2) : poolings) {
  const name = `${pooling.name} [${pooling.shape.join(',')}]`;
  if (!bench.wanted(name)) continue;
  const input = engine.tensor(values(size(pooling.shape)), pooling.shape, { requiresGradient: true });
  const probe = startTape(engine, { gradients: false });
  const outputShape = pooling.run(probe, input).shape;
  probe.end();
  const outputGradient = engine.tensor(values(size(outputShape)), outputShape);
  // Every input and output once each way; indices are written once and read once.
  const bytes = 4 * input.size + (4 + pooling.indexBytes) * outputGradient.size;
  const operations = pooling.operations(input.size, outputGradient.size);
  const forward: Candidate = {
    name: 'forward',
    bytes,
    flops: 0,
    operations: operations.forward,
    check: () => check(pooling),
    start: () => {
      const tape = startTape(engine, { gradients: false });
      return { run: () => void pooling.run(tape, input), end: () => tape.end() };
    },
  };
  const both: Candidate = {
    name: 'forward and gradient',
    bytes: 2 * bytes,
    flops: 0,
    operations: {
      loads: operations.forward.loads + operations.gradient.loads,
      scalarLoads: operations.forward.scalarLoads + operations.gradient.scalarLoads,
      stores: operations.forward.stores + operations.gradient.stores,
    },
    start: () => {
      const tape = startTape(engine);
      return { run: () => tape.backward(pooling.run(tape, input), outputGradient), end: () => tape.end() };
    },
  };
  await bench.measure(name, [forward, both], { copyBytes: bytes });
  input.dispose();
  outputGradient.dispose();
}
await bench.finish();
