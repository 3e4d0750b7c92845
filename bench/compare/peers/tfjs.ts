/** TensorFlow.js on its WebGPU backend. Its layouts are ours; gradients of convolutions are its kernels, called directly. */
import type { Contender, Peer } from './peer.ts';
import type { ConvolutionWork, HeadWork, Work } from '../work.ts';
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { Tf, TfTensor } from './tfjs_bundle.ts';
import { BATCH_NORM_EPSILON, padding, SGD } from '../work.ts';
import { hostTensor } from '../tensors.ts';
import { importTf } from './tfjs_bundle.ts';
import { inputOf } from './peer.ts';
import { installWebGpu } from './dawn.ts';
import { tfLoss } from './tfjs_head.ts';
import { tfNetwork } from './tfjs_network.ts';

/** Submits what is recorded and waits for the GPU. */
async function syncTf(tf: Tf): Promise<void> {
  const backend = tf.backend();
  if (backend.commandEncoder !== null) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await backend.queue.onSubmittedWorkDone();
}

/** A computation: its results by name, and what these are. */
interface Operation {
  readonly run: () => Record<string, TfTensor>;
  readonly layout: HostTensor['layout'];
}

type Upload = (name: string) => TfTensor;
type FunctionOf = (...inputs: TfTensor[]) => TfTensor;
type SingleWork = Exclude<Work, { readonly kind: 'training step' | 'inference' | 'sgd' }>;

function convolution(tf: Tf, work: ConvolutionWork, upload: Upload): Operation {
  const { direction, batch, size, channels, kernel, stride } = work;
  const pad = padding(kernel);
  const attributes = { strides: stride, pad, dataFormat: 'NHWC', dimRoundingMode: 'floor' };
  switch (direction) {
    case 'forward': {
      const [input, weight] = [upload('input'), upload('weight')];
      return {
        run: () => ({ output: tf.conv2d(input, weight, stride, pad, 'NHWC', 1, 'floor') }),
        layout: 'image',
      };
    }
    case 'input gradient': {
      const [dy, filter] = [upload('outputGradient'), upload('weight')];
      const inputShape = [batch, size, size, channels[0]];
      const run = (): TfTensor =>
        tf.engine().runKernel('Conv2DBackpropInput', { dy, filter }, { ...attributes, inputShape });
      return { run: () => ({ inputGradient: run() }), layout: 'image' };
    }
    case 'weight gradient': {
      const [x, dy] = [upload('input'), upload('outputGradient')];
      const filterShape = [kernel, kernel, ...channels];
      const run = (): TfTensor =>
        tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, { ...attributes, filterShape });
      return { run: () => ({ weightGradient: run() }), layout: 'filter' };
    }
  }
}

/** Runs a function and its gradients under the names given. */
function withGradients(
  tf: Tf,
  work: FunctionOf,
  inputs: readonly TfTensor[],
  outputGradient: TfTensor | undefined,
  [output, ...gradients]: readonly [string, ...string[]],
): Operation['run'] {
  const run = tf.valueAndGrads(work);
  return () => {
    const { value, grads } = outputGradient === undefined ? run(inputs) : run(inputs, outputGradient);
    const named = gradients.map((name, index) => [name, grads[index]] as const);
    return { [output]: value, ...Object.fromEntries(named) } as Record<string, TfTensor>;
  };
}

function head(tf: Tf, { batch, classes, labels }: HeadWork, upload: Upload): Operation['run'] {
  const inputs = [upload('classLogits'), upload('locationLogits')];
  const loss = tfLoss(tf, { batch, classes, labels });
  return withGradients(tf, (f, a) => loss(f, a), inputs, undefined, [
    'loss',
    'classGradient',
    'locationGradient',
  ]);
}

function operationOf(tf: Tf, work: SingleWork, upload: Upload): Operation {
  switch (work.kind) {
    case 'matmul': {
      const [a, b] = [upload('a'), upload('b')];
      return { run: () => ({ output: tf.matMul(a, b) }), layout: 'plain' };
    }
    case 'convolution':
      return convolution(tf, work, upload);
    case 'batch norm': {
      const inputs = ['input', 'scale', 'shift'].map(upload);
      const normalise: FunctionOf = (input, scale, shift) => {
        const { mean, variance } = tf.moments(input, [0, 1, 2]);
        return tf.batchNorm(input, mean, variance, shift, scale, BATCH_NORM_EPSILON);
      };
      const names = ['output', 'inputGradient', 'scaleGradient', 'shiftGradient'] as const;
      return {
        run: withGradients(tf, normalise, inputs, upload('outputGradient'), names),
        layout: 'image',
      };
    }
    case 'max pool':
    case 'global average pool': {
      const pool: FunctionOf = (input) =>
        work.kind === 'max pool' ? tf.maxPool(input, 3, 2, 1, 'floor') : tf.mean(input, [1, 2]);
      const names = ['output', 'inputGradient'] as const;
      const run = withGradients(tf, pool, [upload('input')], upload('outputGradient'), names);
      return { run, layout: 'image' };
    }
    case 'relu': {
      const input = upload('input');
      return { run: () => ({ output: tf.relu(input) }), layout: 'image' };
    }
    case 'add': {
      const [a, b] = [upload('a'), upload('b')];
      return { run: () => ({ output: tf.add(a, b) }), layout: 'image' };
    }
    case 'head':
      return { run: head(tf, work, upload), layout: 'image' };
  }
}

function operation(tf: Tf, work: SingleWork, inputs: HostTensors): Contender {
  const tensors: TfTensor[] = [];
  const upload: Upload = (name) => {
    const { values, shape } = inputOf(inputs, name);
    const tensor = tf.tensor(values, shape);
    tensors.push(tensor);
    return tensor;
  };
  const { run, layout } = operationOf(tf, work, upload);
  return {
    async outputs() {
      const results = tf.tidy(run);
      const found: Record<string, HostTensor> = {};
      for (const [name, tensor] of Object.entries(results))
        found[name] = hostTensor(
          await tensor.data(),
          tensor.shape,
          tensor.shape.length === 4 ? layout : 'plain',
        );
      tf.dispose(results);
      return found;
    },
    async time(repetitions) {
      await syncTf(tf);
      const begin = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) tf.dispose(tf.tidy(run));
      await syncTf(tf);
      return performance.now() - begin;
    },
    dispose: () => tf.dispose(tensors),
  };
}

function optimiser(tf: Tf, inputs: HostTensors): Contender {
  const entries = Object.entries(inputs);
  const gradients = Object.fromEntries(
    entries.map(([name, { values, shape }]) => [name, tf.tensor(values, shape)]),
  );
  const variables = entries.map(([name, { values, shape }]) =>
    tf.variable(tf.tensor(values, shape), true, name),
  );
  const sgd = tf.train.momentum(SGD.learningRate, SGD.momentum);
  return {
    async outputs() {
      sgd.applyGradients(gradients);
      const name = 'conv_last.weight';
      const after = variables[entries.findIndex(([other]) => other === name)];
      if (after === undefined) throw new Error(`no variable ${name}`);
      return { [name]: { ...inputOf(inputs, name), values: await after.data() } };
    },
    async time(repetitions) {
      await syncTf(tf);
      const begin = performance.now();
      for (let step = 0; step < repetitions; step++) sgd.applyGradients(gradients);
      await syncTf(tf);
      return performance.now() - begin;
    },
    dispose() {
      sgd.dispose();
      tf.dispose([gradients, variables]);
    },
  };
}

/** Opens TensorFlow.js as a peer. */
export async function openTfjs(): Promise<Peer> {
  installWebGpu();
  const tf = await importTf();
  if (!(await tf.setBackend('webgpu'))) throw new Error('its WebGPU backend does not start');
  await tf.ready();
  const prepare = (work: Work, inputs: HostTensors): Contender => {
    if (work.kind === 'training step' || work.kind === 'inference') return tfNetwork(tf, work, inputs);
    return work.kind === 'sgd' ? optimiser(tf, inputs) : operation(tf, work, inputs);
  };
  return {
    name: 'tfjs',
    versions: { '@tensorflow/tfjs-core': tf.version_core },
    prepare: (work, inputs) => Promise.resolve(prepare(work, inputs)),
    close: () => tf.removeBackend('webgpu'),
  };
}
