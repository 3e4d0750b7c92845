/** One optimiser step over all parameters of a ResNet-50 (as one tensor a layer), beside a copy kernel. */
import { createSgd } from '../src/kernels/sgd/sgd.ts';
import { exponentialMovingAverage } from '../src/kernels/sgd/flat_update.ts';
import { openBench } from './harness.ts';
import { ParameterStore } from '../src/runtime/parameters.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { sgdReference } from '../src/kernels/sgd/reference.ts';

const bench = await openBench('sgd');
const { engine } = bench;

/** Convolution weights and both parameters of every batch norm of ResNet-50, and a head of 200 classes: 23.9 M numbers. */
function resnet50(): { name: string; shape: number[] }[] {
  const shapes: number[][] = [[7, 7, 3, 64], [64], [64]];
  let inputs = 64;
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const planes = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      shapes.push([1, 1, inputs, planes], [planes], [planes]);
      shapes.push([3, 3, planes, planes], [planes], [planes]);
      shapes.push([1, 1, planes, 4 * planes], [4 * planes], [4 * planes]);
      if (block === 0) shapes.push([1, 1, inputs, 4 * planes], [4 * planes], [4 * planes]);
      inputs = 4 * planes;
    }
  }
  shapes.push([1, 1, 2048, 200], [200]);
  return shapes.map((shape, index) => ({ name: `parameter ${index}`, shape }));
}

const specifications = resnet50();
const store = new ParameterStore(engine, specifications);
const elements = store.values.size;
const random = new RandomStream(1);
const values = Float32Array.from({ length: elements }, () => random.uniform(-1, 1));
engine.write(store.gradients, values);
const slow = engine.tensor(values, store.values.shape);

const names = specifications.map(({ name }) => name);
// The last two are the head: ten times the learning rate, as the official code has it.
const groups = [
  { parameters: names.slice(0, -2), learningRate: 1e-3, weightDecay: 1e-4 },
  { parameters: names.slice(-2), learningRate: 1e-2, weightDecay: 1e-4 },
];

/** Two steps of the largest parameter against the reference. */
async function check(nesterov: boolean): Promise<void> {
  const sgd = createSgd(engine, store, { groups, momentum: 0.9, nesterov });
  const name = 'parameter 148';
  const parameter = store.get(name);
  engine.write(store.values, values);
  const first = parameter.byteOffset / 4;
  const gradients = Float64Array.from(values.subarray(first, first + parameter.size));
  const wanted = gradients.slice();
  const velocities = new Float64Array(wanted.length);
  try {
    for (let step = 0; step < 2; step++) {
      sgd.step();
      const rates = { learningRate: 1e-3, weightDecay: 1e-4, momentum: 0.9, nesterov };
      sgdReference(wanted, velocities, gradients, rates);
    }
    const got = await engine.read(parameter);
    const worst = got.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - (wanted[i] ?? Number.NaN))),
      0,
    );
    // Values of at most 1, two subtractions of small numbers.
    if (!(worst < 4 * 2 ** -24)) throw new Error(`sgd: error ${worst}`);
  } finally {
    sgd.dispose();
  }
}

const optimisers = [false, true].map((nesterov) =>
  createSgd(engine, store, { groups, momentum: 0.9, nesterov }),
);
const nothing = (): void => undefined;
await bench.measure(
  `ResNet-50, ${specifications.length} parameters, ${(elements / 1e6).toFixed(1)} M numbers`,
  [
    {
      name: 'moving average',
      bytes: 12 * elements,
      flops: 3 * elements,
      operations: { loads: 2 * elements, stores: elements },
      start: () => ({
        run: () => exponentialMovingAverage(engine, slow, store.values, 0.99),
        end: nothing,
      }),
    },
    ...optimisers.map((sgd, index) => ({
      name: index === 0 ? 'momentum' : 'nesterov',
      bytes: 20 * elements,
      flops: (index === 0 ? 6 : 8) * elements,
      operations: { loads: 3 * elements, stores: 2 * elements },
      check: () => check(index === 1),
      start: () => ({ run: () => sgd.step(), end: nothing }),
    })),
  ],
  // As much as any adapter binds: half of it is one binding.
  { copyBytes: 2 ** 27 },
);
for (const sgd of optimisers) sgd.dispose();
slow.dispose();
store.dispose();
await bench.finish();
