/** Batch normalisation, the training forward pass and its gradient, at ResNet-50's shapes beside a copy kernel. */
import type { Candidate } from './measure.ts';
import type { Shape } from '../src/runtime/shape.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { array64 } from '../src/kernels/reference.ts';
import { batchNorm } from '../src/kernels/batch_norm/batch_norm.ts';
import { batchNormReference, batchNormReferenceGradient } from '../src/kernels/batch_norm/reference.ts';
import { openBench } from './harness.ts';
import { startTape } from '../src/kernels/tape.ts';

const bench = await openBench('batch_norm');
const { engine } = bench;
const software = engine.capabilities.software;
const batch = software ? 8 : 32;

const shapes: Shape[] = [
  [batch, 112, 112, 64],
  [batch, 56, 56, 64],
  [batch, 56, 56, 256],
  [batch, 28, 28, 512],
  [batch, 14, 14, 1024],
  [batch, 7, 7, 2048],
];

/** Pseudo-random values around a mean, quickly. */
function values(count: number, seed: number, mean: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return mean + state / 2 ** 31 - 1;
  });
}

interface Form {
  readonly name: string;
  readonly relu: boolean;
  readonly residual: boolean;
  /** Tensors of the input's size that forward and gradient must at least move. */
  readonly forwardPasses: number;
  readonly gradientPasses: number;
  /** How many of the gradient's are written. */
  readonly gradientStores: number;
}

const forms: Form[] = [
  // Forward reads x twice and writes y; the gradient reads x and dy twice and writes dx.
  { name: 'plain', relu: false, residual: false, forwardPasses: 3, gradientPasses: 5, gradientStores: 1 },
  { name: 'relu', relu: true, residual: false, forwardPasses: 3, gradientPasses: 5, gradientStores: 1 },
  // One more read of the residual; the gradient reads y as well and writes the residual's gradient, which it reads in place of dy.
  {
    name: 'relu + residual',
    relu: true,
    residual: true,
    forwardPasses: 4,
    gradientPasses: 7,
    gradientStores: 2,
  },
];

interface Case {
  readonly input: Tensor;
  readonly residual: Tensor;
  readonly outputGradient: Tensor;
  readonly scale: Tensor;
  readonly shift: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

function makeCase(shape: Shape): Case {
  const channels = shape.at(-1) ?? 1;
  const count = shape.reduce((product, size) => product * size, 1);
  const make = (seed: number, mean: number, of: Shape = shape): Tensor =>
    engine.tensor(values(of === shape ? count : channels, seed, mean), of, { requiresGradient: true });
  return {
    input: make(1, 0.3),
    residual: make(2, 0),
    outputGradient: make(3, 0),
    scale: make(4, 1, [channels]),
    shift: make(5, 0, [channels]),
    runningMean: engine.zeros([channels]),
    runningVariance: engine.zeros([channels]),
  };
}

function forward(tape: ReturnType<typeof startTape>, c: Case, form: Form): Tensor {
  return batchNorm(tape, c.input, c, {
    mode: 'train',
    activation: form.relu ? 'relu' : 'none',
    ...(form.residual ? { residual: c.residual } : {}),
  });
}

/** Compares with the float64 reference on a small shape of the same number of channels. */
async function check(channels: number, form: Form): Promise<void> {
  const shape = [2, 3, 5, channels];
  const c = makeCase(shape);
  const tape = startTape(engine);
  try {
    const output = tape.keep(forward(tape, c, form));
    tape.backward(output, c.outputGradient);
    const inputGradient = tape.gradient(c.input);
    if (inputGradient === null) throw new Error('no gradient');
    const read = async (tensor: Tensor) => array64(tensor.shape, await engine.read(tensor));
    const tensors = {
      input: await read(c.input),
      scale: await read(c.scale),
      shift: await read(c.shift),
      runningMean: await read(c.runningMean),
      runningVariance: await read(c.runningVariance),
      residual: form.residual ? await read(c.residual) : null,
    };
    const options = { mode: 'train', epsilon: 1e-5, relu: form.relu } as const;
    const pairs = [
      [await read(output), batchNormReference(tensors, options)],
      [
        await read(inputGradient),
        batchNormReferenceGradient(tensors, await read(c.outputGradient), options).input,
      ],
    ] as const;
    for (const [got, wanted] of pairs) {
      const worst = got.data.reduce(
        (most, value, i) => Math.max(most, Math.abs(value - (wanted.data[i] ?? Number.NaN))),
        0,
      );
      // Values of order 1 through a few dozen roundings of f32.
      if (!(worst < 1e-4)) throw new Error(`batchNorm ${form.name} C=${channels}: error ${worst}`);
    }
  } finally {
    tape.end();
    for (const tensor of Object.values(c) as Tensor[]) tensor.dispose();
  }
}

for (const shape of bench.quick ? shapes.slice(-3) : shapes) {
  const c = makeCase(shape);
  const channels = shape.at(-1) ?? 1;
  const bytes = 4 * c.input.size;
  for (const form of forms) {
    const name = `[${shape.join(',')}] ${form.name}`;
    if (!bench.wanted(name)) continue;
    const candidates: Candidate[] = [
      {
        name: 'forward',
        bytes: form.forwardPasses * bytes,
        flops: 8 * c.input.size,
        operations: { loads: (form.forwardPasses - 1) * c.input.size, stores: c.input.size },
        check: () => check(channels, form),
        start: () => {
          const tape = startTape(engine, { gradients: false });
          return { run: () => void forward(tape, c, form), end: () => tape.end() };
        },
      },
      {
        name: 'forward and gradient',
        bytes: (form.forwardPasses + form.gradientPasses) * bytes,
        flops: 18 * c.input.size,
        operations: {
          loads: (form.forwardPasses + form.gradientPasses - 1 - form.gradientStores) * c.input.size,
          stores: (1 + form.gradientStores) * c.input.size,
        },
        start: () => {
          const tape = startTape(engine);
          const run = (): void => tape.backward(forward(tape, c, form), c.outputGradient);
          return { run, end: () => tape.end() };
        },
      },
    ];
    await bench.measure(name, candidates, { copyBytes: 2 * bytes });
  }
  for (const tensor of Object.values(c) as Tensor[]) tensor.dispose();
}
await bench.finish();
