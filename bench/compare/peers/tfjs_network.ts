/** A whole ResNet-50 of TensorFlow.js's operations. */
import type { Contender } from './peer.ts';
import type { HostTensors } from '../tensors.ts';
import type { Logits, NetworkOperations } from '../network.ts';
import type { NetworkWork } from '../work.ts';
import type { Tf, TfTensor, TfVariable } from './tfjs_bundle.ts';
import { BATCH_NORM_EPSILON, padding, SGD } from '../work.ts';
import { timeEach, watchedChanges } from './network_results.ts';
import { describeNetwork, isParameter, resnet50 } from '../network.ts';
import { hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';
import { tfJoint, tfLoss } from './tfjs_head.ts';

/** Weight of the old value in the running statistics. */
const RUNNING_DECAY = 0.9;

type Variables = ReadonlyMap<string, TfVariable>;

function variable(variables: Variables, name: string): TfVariable {
  const found = variables.get(name);
  if (found === undefined) throw new Error(`the network has no ${name}`);
  return found;
}

function operations(tf: Tf, variables: Variables, training: boolean): NetworkOperations<TfTensor> {
  /** Moves a running statistic towards the batch's. */
  const update = (name: string, value: TfTensor): void => {
    const running = variable(variables, name);
    running.assign(tf.add(tf.mul(running, RUNNING_DECAY), tf.mul(value, 1 - RUNNING_DECAY)));
  };
  return {
    convolution(input, { name, kernel, stride, bias }) {
      const weight = variable(variables, `${name}.weight`);
      const output = tf.conv2d(input, weight, stride, padding(kernel), 'NHWC', 1, 'floor');
      return bias ? tf.add(output, variable(variables, `${name}.bias`)) : output;
    },
    batchNorm(input, name) {
      const [shift, scale] = [variable(variables, `${name}.bias`), variable(variables, `${name}.weight`)];
      if (!training) {
        const mean = variable(variables, `${name}.running_mean`);
        const variance = variable(variables, `${name}.running_var`);
        return tf.batchNorm(input, mean, variance, shift, scale, BATCH_NORM_EPSILON);
      }
      const { mean, variance } = tf.moments(input, [0, 1, 2]);
      update(`${name}.running_mean`, mean);
      update(`${name}.running_var`, variance);
      return tf.batchNorm(input, mean, variance, shift, scale, BATCH_NORM_EPSILON);
    },
    relu: (input) => tf.relu(input),
    add: (a, b) => tf.add(a, b),
    maxPool: (input) => tf.maxPool(input, 3, 2, 1, 'floor'),
  };
}

/** Makes the network with the given weights. */
export function tfNetwork(tf: Tf, work: NetworkWork, inputs: HostTensors): Contender {
  const { tensors } = describeNetwork(work);
  const variables = new Map<string, TfVariable>();
  for (const tensor of tensors) {
    const { values, shape } = inputOf(inputs, tensor.name);
    const value = tf.tensor(values, shape);
    variables.set(tensor.name, tf.variable(value, isParameter(tensor)));
    value.dispose();
  }
  const { values, shape } = inputOf(inputs, 'images');
  const images = tf.tensor(values, shape);
  const training = work.kind === 'training step';
  const run = (): Logits<TfTensor> => resnet50(operations(tf, variables, training), images, work);
  const dispose = (): void => tf.dispose([images, ...variables.values()]);

  if (!training) {
    const predict = async (): Promise<Float32Array> => {
      const probabilities = tf.tidy(() => {
        const { classLogits, locationLogits } = run();
        return tf.sum(tfJoint(tf, classLogits, locationLogits), 1);
      });
      const read = await probabilities.data();
      probabilities.dispose();
      return read;
    };
    return {
      outputs: async () => ({ probabilities: hostTensor(await predict(), [work.batch, work.classes]) }),
      time: (repetitions) => timeEach(repetitions, predict),
      dispose,
    };
  }

  const loss = tfLoss(tf, work);
  const sgd = tf.train.momentum(SGD.learningRate, SGD.momentum);
  const parameters = tensors.filter(isParameter).map(({ name }) => variable(variables, name));
  const step = async (): Promise<Float32Array> => {
    const value = sgd.minimize(
      () => {
        const { classLogits, locationLogits } = run();
        return loss(classLogits, locationLogits);
      },
      true,
      parameters,
    );
    const read = await value.data();
    value.dispose();
    return read;
  };
  return {
    async outputs() {
      const value = hostTensor(await step(), []);
      return { loss: value, ...(await watchedChanges(inputs, (name) => variable(variables, name).data())) };
    },
    time: (repetitions) => timeEach(repetitions, step),
    dispose() {
      sgd.dispose();
      dispose();
    },
  };
}
