/** jax-js on WebGPU: channels first, every computation one `jit`, gradients by `vjp` within it. */
import type { Contender, Peer } from './peer.ts';
import type { ConvolutionWork, Work } from '../work.ts';
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { FunctionOf, Jax } from './jax_operations.ts';
import type { JaxArray } from '@jax-js/jax';
import { padding, SGD } from '../work.ts';
import { fromChannelsFirst, hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';
import { batchNorm, headLoss, maxPool, oneHotLabels, uploadToJax, withGradients } from './jax_operations.ts';
import { installedVersion } from './versions.ts';
import { installWebGpu } from './dawn.ts';
import { jaxNetwork } from './jax_network.ts';

type Inputs = readonly JaxArray[];

/** A computation over the inputs named, with the names of its results. */
interface Operation {
  readonly inputs: readonly string[];
  readonly run: (...inputs: JaxArray[]) => JaxArray[];
  readonly outputs: readonly string[];
  readonly layout: HostTensor['layout'];
}

/** The n-th input: the names in an operation and its function's arguments go together. */
function at(inputs: Inputs, index: number): JaxArray {
  const found = inputs[index];
  if (found === undefined) throw new Error(`the operation has no input ${index}`);
  return found;
}

/** As `withGradients`, without the output: `jit` then drops what only that needs. */
function gradientsOnly(jax: Jax, work: FunctionOf): Operation['run'] {
  const both = withGradients(jax, work);
  return (...given) => {
    const [output, ...gradients] = both(...given);
    output?.dispose();
    return gradients;
  };
}

function convolution(jax: Jax, { direction, kernel, stride }: ConvolutionWork): Operation {
  const border: [number, number] = [padding(kernel), padding(kernel)];
  const convolve = (input: JaxArray, weight: JaxArray): JaxArray =>
    jax.lax.convGeneralDilated(input, weight, [stride, stride], [border, border]);
  switch (direction) {
    case 'forward':
      return {
        inputs: ['input', 'weight'],
        run: (input, weight) => [convolve(input, weight)],
        outputs: ['output'],
        layout: 'image',
      };
    case 'input gradient':
      return {
        inputs: ['input', 'weight', 'outputGradient'],
        run: (input, weight, outputGradient) =>
          gradientsOnly(jax, (x) => convolve(x, weight))(input, outputGradient),
        outputs: ['inputGradient'],
        layout: 'image',
      };
    case 'weight gradient':
      return {
        inputs: ['input', 'weight', 'outputGradient'],
        run: (input, weight, outputGradient) =>
          gradientsOnly(jax, (w) => convolve(input, w))(weight, outputGradient),
        outputs: ['weightGradient'],
        layout: 'filter',
      };
  }
}

function operationOf(jax: Jax, work: Work): Operation {
  switch (work.kind) {
    case 'matmul':
      return {
        inputs: ['a', 'b'],
        run: (a, b) => [jax.numpy.matmul(a, b)],
        outputs: ['output'],
        layout: 'plain',
      };
    case 'convolution':
      return convolution(jax, work);
    case 'batch norm':
      return {
        inputs: ['input', 'scale', 'shift', 'outputGradient'],
        run: withGradients(jax, batchNorm(jax)),
        outputs: ['output', 'inputGradient', 'scaleGradient', 'shiftGradient'],
        layout: 'image',
      };
    case 'max pool':
    case 'global average pool': {
      const mean: FunctionOf = (input) => jax.numpy.mean(input, [2, 3]);
      return {
        inputs: ['input', 'outputGradient'],
        run: withGradients(jax, work.kind === 'max pool' ? maxPool(jax) : mean),
        outputs: ['output', 'inputGradient'],
        layout: 'image',
      };
    }
    case 'relu':
      return {
        inputs: ['input'],
        run: (input) => [jax.nn.relu(input)],
        outputs: ['output'],
        layout: 'image',
      };
    case 'add':
      return { inputs: ['a', 'b'], run: (a, b) => [a.add(b)], outputs: ['output'], layout: 'image' };
    case 'head': {
      const loss = headLoss(jax);
      return {
        inputs: ['classLogits', 'locationLogits', 'oneHot', 'one'],
        run: (classLogits, locationLogits, oneHot, one) =>
          withGradients(jax, (f, a) => loss(f, a, oneHot))(classLogits, locationLogits, one),
        outputs: ['loss', 'classGradient', 'locationGradient'],
        layout: 'image',
      };
    }
    case 'sgd':
      throw new Error('the optimiser has a contender of its own');
    case 'training step':
    case 'inference':
      throw new Error(`${work.kind} has a contender of its own`);
  }
}

/** Labels as the chain of operations wants them, and the gradient to start from. */
function headInputs(work: Work): HostTensors {
  return work.kind === 'head' ? { oneHot: oneHotLabels(work), one: hostTensor(Float32Array.of(1), []) } : {};
}

function operation(jax: Jax, work: Work, inputs: HostTensors): Contender {
  const { inputs: names, run, outputs, layout } = operationOf(jax, work);
  const all = { ...inputs, ...headInputs(work) };
  const arrays = names.map((name) => uploadToJax(jax, inputOf(all, name)));
  const compiled = jax.jit(run);
  const launch = (): JaxArray[] => compiled(...arrays.map((array) => array.ref));
  return {
    async outputs() {
      const found: Record<string, HostTensor> = {};
      for (const [index, array] of launch().entries()) {
        const { shape } = array;
        const values = await array.data(); // consumes the array
        const kind = shape.length === 4 ? layout : 'plain';
        found[outputs[index] ?? ''] = fromChannelsFirst(values, shape, kind);
      }
      return found;
    },
    async time(repetitions) {
      await jax.blockUntilReady(arrays);
      const begin = performance.now();
      const results = Array.from({ length: repetitions }, launch);
      await jax.blockUntilReady(results.flat());
      const milliseconds = performance.now() - begin;
      for (const array of results.flat()) array.dispose();
      return milliseconds;
    },
    dispose() {
      compiled.dispose();
      for (const array of arrays) array.dispose();
    },
  };
}

function optimiser(jax: Jax, inputs: HostTensors): Contender {
  const names = Object.keys(inputs);
  const make = (): JaxArray[] => names.map((name) => uploadToJax(jax, inputOf(inputs, name)));
  let parameters = make();
  const gradients = make();
  let velocities = gradients.map((gradient) => gradient.ref.mul(0));
  const update = jax.jit((parameter, velocity, gradient) => {
    const next = velocity.mul(SGD.momentum).add(gradient);
    return [parameter.sub(next.ref.mul(SGD.learningRate)), next];
  });
  const step = (): void => {
    const updated = names.map((_, index) =>
      update(at(parameters, index), at(velocities, index), at(gradients, index).ref),
    );
    parameters = updated.map((pair) => at(pair, 0));
    velocities = updated.map((pair) => at(pair, 1));
  };
  return {
    async outputs() {
      step();
      const name = 'conv_last.weight';
      const after = at(parameters, names.indexOf(name));
      const { shape } = after;
      return { [name]: fromChannelsFirst(await after.ref.data(), shape, 'filter') };
    },
    async time(repetitions) {
      await jax.blockUntilReady([...parameters, ...velocities]);
      const begin = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) step();
      await jax.blockUntilReady([...parameters, ...velocities]);
      return performance.now() - begin;
    },
    dispose() {
      update.dispose();
      for (const array of [...parameters, ...velocities, ...gradients]) array.dispose();
    },
  };
}

/** Opens jax-js as a peer. */
export async function openJax(): Promise<Peer> {
  installWebGpu();
  const jax = await import('@jax-js/jax');
  if (!(await jax.init('webgpu')).includes('webgpu')) throw new Error('its WebGPU backend does not start');
  jax.defaultDevice('webgpu');
  const prepare = (work: Work, inputs: HostTensors): Contender => {
    if (work.kind === 'training step' || work.kind === 'inference') return jaxNetwork(jax, work, inputs);
    return work.kind === 'sgd' ? optimiser(jax, inputs) : operation(jax, work, inputs);
  };
  return {
    name: 'jax-js',
    versions: { '@jax-js/jax': installedVersion('@jax-js/jax') },
    prepare: async (work, inputs) => prepare(work, inputs),
    close: () => undefined,
  };
}
