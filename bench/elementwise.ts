/** Elementwise operations, reductions, resizing and blur, forward and gradient, beside a copy kernel. */
import type { Candidate, Operations } from './measure.ts';
import type { OpCases } from '../src/kernels/cases.ts';
import type { Shape } from '../src/runtime/shape.ts';
import type { Tape } from '../src/runtime/tape.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { addCases } from '../src/kernels/add/cases.ts';
import { array64 } from '../src/kernels/reference.ts';
import { binaryOpCases, unaryOpCases } from '../src/kernels/elementwise/cases.ts';
import { blurCases } from '../src/kernels/gaussian_blur/cases.ts';
import { elementCount } from '../src/runtime/shape.ts';
import { meanCases, sumSpatialCases } from '../src/kernels/reduce/cases.ts';
import { openBench } from './harness.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { reluCases } from '../src/kernels/relu/cases.ts';
import { resizeCases } from '../src/kernels/resize/cases.ts';
import { startTape } from '../src/kernels/tape.ts';

const bench = await openBench('elementwise');
const { engine } = bench;
const batch = engine.capabilities.software ? 8 : 64;

/** An operation at one size. Bytes are the least each direction must move. */
interface Item {
  readonly name: string;
  readonly shapes: readonly Shape[];
  /** Shapes of the check against the reference, small. */
  readonly checked: readonly Shape[];
  readonly run: (tape: Tape, inputs: readonly Tensor[]) => Tensor;
  readonly reference: (inputs: readonly Float32Array[], shapes: readonly Shape[]) => Float64Array;
  /** Bytes of the gradient pass, from the elements of inputs and output. */
  readonly gradientBytes: (inputs: number, output: number) => number;
  /** What each direction's kernels must do at least, likewise. */
  readonly operations: (inputs: number, output: number) => Directions;
}

interface Directions {
  readonly forward: Operations;
  readonly gradient: Operations;
}

function find<Options>(list: readonly OpCases<Options>[], name: string): OpCases<Options> {
  const op = list.find((candidate) => candidate.name === name);
  if (op === undefined) throw new Error(`no operation is called ${name}`);
  return op;
}

function item<Options>(
  op: OpCases<Options>,
  options: Options,
  shapes: readonly Shape[],
  checked: readonly Shape[],
  gradientBytes: Item['gradientBytes'],
  operations: Item['operations'],
): Item {
  return {
    name: `${op.name} ${shapes.map((shape) => `[${shape.join(',')}]`).join(' ')}`,
    shapes,
    checked,
    run: (tape, inputs) => {
      const output = op.run(tape, inputs, options, 'default');
      if (output.dtype !== 'f32') throw new Error(`${op.name} gives no f32`);
      return output as Tensor;
    },
    reference: (inputs, inputShapes) => {
      const arrays = inputs.map((values, index) => array64(inputShapes[index] ?? [], values));
      return op.reference(arrays, options).data;
    },
    gradientBytes,
    operations,
  };
}

const features: Shape = [batch, 28, 28, 512];
const small: Shape = [2, 5, 7, 12];
const perInput = (inputs: number): number => 4 * inputs;
const saved = (inputs: number, output: number): number => 4 * (2 * inputs + output);
const maps = { outer: batch, length: 28 * 28, inner: 512, shape: [batch, 512], scale: 1 };
const smallMaps = { outer: 2, length: 35, inner: 12, shape: [2, 12], scale: 1 };

const map: Item['operations'] = (inputs, output) => ({
  forward: { loads: inputs, stores: output },
  gradient: { loads: inputs + output, stores: inputs },
});
const reduction: Item['operations'] = (inputs) => ({
  forward: { loads: inputs },
  gradient: { stores: inputs },
});

/**
 * Two columns of every input row for each output column, loaded one by one where channels are no vec4s; every output's gradient for the two
 * columns around it, of which half are one invocation's on a software adapter. A scalar's store is counted as its load.
 */
const resizing =
  (inputHeight: number, height: number, channels: number): Item['operations'] =>
  (inputs, output) => {
    const loads = (2 * output * inputHeight) / height;
    const read = (engine.capabilities.software ? 1.5 : 2) * output;
    return channels % 4 === 0
      ? { forward: { loads, stores: output }, gradient: { loads: read, stores: inputs } }
      : { forward: { scalarLoads: loads, stores: output }, gradient: { scalarLoads: read + inputs } };
  };

/**
 * Two passes; eight neighbours along the axis share the loads of taps + 7 inputs and as many weights. A wide kernel loads vec4s; a scalar's
 * store is counted as its load.
 */
const blurring =
  (taps: number): Item['operations'] =>
  (inputs) => {
    const shared = (2 * inputs * (taps + 7)) / 8;
    const pass =
      taps >= 15
        ? { loads: shared, scalarLoads: shared / 4 + 2 * inputs }
        : { scalarLoads: 2 * shared + 2 * inputs };
    return { forward: pass, gradient: pass };
  };

const items: Item[] = [
  // The gradients of a sum are the output's own tensor: nothing is launched.
  item(addCases, null, [features, features], [small, small], () => 0, map),
  item(reluCases, null, [features], [small], saved, map),
  item(find(unaryOpCases, 'softplus'), [0, 0], [features], [small], saved, (inputs, output) => ({
    forward: { loads: inputs, stores: output, exponentials: inputs },
    gradient: { loads: inputs + output, stores: inputs, exponentials: inputs },
  })),
  item(
    find(binaryOpCases, 'multiply'),
    null,
    [features, [batch, 28, 28, 1]],
    [small, [2, 5, 7, 1]],
    // Reads the output's gradient for each input, both inputs, and writes both gradients.
    (inputs, output) => 4 * (2 * output + 2 * inputs),
    map,
  ),
  {
    ...item(sumSpatialCases, maps, [features], [small], perInput, reduction),
    reference: (inputs) => sumSpatialCases.reference([array64(small, inputs[0] ?? [])], smallMaps).data,
  },
  {
    ...item(meanCases, { ...maps, shape: [] }, [features], [small], perInput, reduction),
    reference: (inputs) => {
      const length = elementCount(small);
      const options = { outer: 1, length, inner: 1, shape: [], scale: 1 / length };
      return meanCases.reference([array64(small, inputs[0] ?? [])], options).data;
    },
  },
  item(
    resizeCases,
    { height: 224, width: 224 },
    [[4 * batch, 28, 28, 1]],
    [[1, 5, 7, 1]],
    saved,
    resizing(28, 224, 1),
  ),
  item(
    resizeCases,
    { height: 28, width: 28 },
    [[batch, 14, 14, 512]],
    [[1, 5, 7, 4]],
    saved,
    resizing(14, 28, 512),
  ),
  item(
    resizeCases,
    { height: 224, width: 224 },
    [[batch, 256, 256, 3]],
    [[1, 5, 7, 3]],
    saved,
    resizing(256, 224, 3),
  ),
  // Two passes each way, every one reading and writing the image.
  item(
    blurCases,
    { kernelSize: 31, sigma: 15 },
    [[batch, 224, 224, 3]],
    [[1, 17, 19, 3]],
    (n) => 16 * n,
    blurring(31),
  ),
  item(
    blurCases,
    { kernelSize: 5, sigma: 1 },
    [[batch, 224, 224, 3]],
    [[1, 17, 19, 3]],
    (n) => 16 * n,
    blurring(5),
  ),
];

function values(count: number): Float32Array {
  const random = new RandomStream(count);
  return Float32Array.from({ length: count }, () => random.uniform(-1, 1));
}

const make = (shapes: readonly Shape[]): Tensor[] =>
  shapes.map((shape) => engine.tensor(values(elementCount(shape)), shape, { requiresGradient: true }));

/** Compares with the float64 reference at a small shape; the tests hold every operation to closer bounds. */
async function check({ name, checked, run, reference }: Item): Promise<void> {
  const inputs = make(checked);
  const tape = startTape(engine, { gradients: false });
  try {
    const got = await engine.read(run(tape, inputs));
    const wanted = reference(
      checked.map((shape) => values(elementCount(shape))),
      checked,
    );
    const worst = got.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? Number.NaN))),
      0,
    );
    if (!(worst < 1e-5)) throw new Error(`${name}: error ${worst}`);
  } finally {
    tape.end();
    for (const tensor of inputs) tensor.dispose();
  }
}

for (const entry of items) {
  if (!bench.wanted(entry.name)) continue;
  const inputs = make(entry.shapes);
  const probe = startTape(engine, { gradients: false });
  const outputShape = entry.run(probe, inputs).shape;
  probe.end();
  const outputGradient = engine.tensor(values(elementCount(outputShape)), outputShape);
  const inputSize = inputs.reduce((sum, tensor) => sum + tensor.size, 0);
  const isBlur = entry.name.startsWith('gaussianBlur');
  const bytes = isBlur ? 16 * inputSize : 4 * (inputSize + outputGradient.size);
  const operations = entry.operations(inputSize, outputGradient.size);
  const forward: Candidate = {
    name: 'forward',
    bytes,
    flops: 0,
    operations: operations.forward,
    check: () => check(entry),
    start: () => {
      const tape = startTape(engine, { gradients: false });
      return { run: () => void entry.run(tape, inputs), end: () => tape.end() };
    },
  };
  const gradientBytes = entry.gradientBytes(inputSize, outputGradient.size);
  const gradient: Candidate = {
    name: 'gradient',
    bytes: gradientBytes,
    flops: 0,
    operations: operations.gradient,
    start: () => {
      const tape = startTape(engine);
      const output = entry.run(tape, inputs);
      return { run: () => tape.backward(output, outputGradient), end: () => tape.end() };
    },
  };
  await bench.measure(entry.name, gradientBytes === 0 ? [forward] : [forward, gradient], {
    copyBytes: bytes,
  });
  outputGradient.dispose();
  for (const tensor of inputs) tensor.dispose();
}
await bench.finish();
