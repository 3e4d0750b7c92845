/** A whole ResNet-50 of jax-js's operations, compiled as one. Its training leaves the running statistics alone. */
import type { Contender } from './peer.ts';
import type { FunctionOf, Jax } from './jax_operations.ts';
import type { HostTensors } from '../tensors.ts';
import type { JaxArray } from '@jax-js/jax';
import type { Logits, NetworkOperations } from '../network.ts';
import type { NetworkWork } from '../work.ts';
import { BATCH_NORM_EPSILON, padding, SGD } from '../work.ts';
import {
  batchNorm,
  headLoss,
  jointMap,
  maxPool,
  oneHotLabels,
  uploadToJax,
  withGradients,
} from './jax_operations.ts';
import { timeEach, watchedChanges } from './network_results.ts';
import { describeNetwork, isParameter, resnet50 } from '../network.ts';
import { fromChannelsFirst, hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';

/** Arrays by their names in the network; `of` gives another reference. */
class Weights {
  readonly #byName: ReadonlyMap<string, JaxArray>;

  constructor(names: readonly string[], arrays: readonly JaxArray[]) {
    this.#byName = new Map(arrays.map((array, index) => [names[index] ?? '', array]));
  }

  of(name: string): JaxArray {
    const found = this.#byName.get(name);
    if (found === undefined) throw new Error(`the network has no ${name}`);
    return found.ref;
  }
}

/** The network's operations, none of which consumes its arguments: features go several ways. */
function operations(jax: Jax, weights: Weights, training: boolean): NetworkOperations<JaxArray> {
  const { numpy, lax, nn } = jax;
  const perChannel = (name: string): JaxArray => weights.of(name).reshape([1, -1, 1, 1]);
  const trainingNorm = batchNorm(jax);
  const pool = maxPool(jax);
  return {
    convolution(input, { name, kernel, stride, bias }) {
      const border: [number, number] = [padding(kernel), padding(kernel)];
      const weight = weights.of(`${name}.weight`);
      const output = lax.convGeneralDilated(input.ref, weight, [stride, stride], [border, border]);
      return bias ? output.add(perChannel(`${name}.bias`)) : output;
    },
    batchNorm(input, name) {
      if (training) return trainingNorm(input.ref, weights.of(`${name}.weight`), weights.of(`${name}.bias`));
      const deviation = numpy.sqrt(perChannel(`${name}.running_var`).add(BATCH_NORM_EPSILON));
      const normalised = input.ref.sub(perChannel(`${name}.running_mean`)).div(deviation);
      return normalised.mul(perChannel(`${name}.weight`)).add(perChannel(`${name}.bias`));
    },
    relu: (input) => nn.relu(input.ref),
    add: (a, b) => a.ref.add(b.ref),
    maxPool: (input) => pool(input.ref),
  };
}

function first(arrays: readonly JaxArray[]): JaxArray {
  const [array] = arrays;
  if (array === undefined) throw new Error('the computation has no result');
  return array;
}

/** Makes the network with the given weights. */
export function jaxNetwork(jax: Jax, work: NetworkWork, inputs: HostTensors): Contender {
  const training = work.kind === 'training step';
  const { tensors } = describeNetwork(work);
  const names = tensors.filter((tensor) => !training || isParameter(tensor)).map(({ name }) => name);
  const images = uploadToJax(jax, inputOf(inputs, 'images'));
  const oneHot = uploadToJax(jax, oneHotLabels(work));
  let parameters = names.map((name) => uploadToJax(jax, inputOf(inputs, name)));
  const logits = (pixels: JaxArray, arrays: readonly JaxArray[]): Logits<JaxArray> =>
    resnet50(operations(jax, new Weights(names, arrays), training), pixels, work);

  if (!training) {
    const joint = jointMap(jax);
    const compiled = jax.jit((pixels, ...arrays) => {
      const { classLogits, locationLogits } = logits(pixels, arrays);
      return [jax.numpy.sum(joint(classLogits, locationLogits), [2, 3])];
    });
    const predict = (): Promise<Float32Array> =>
      first(compiled(images.ref, ...parameters.map(({ ref }) => ref))).data();
    return {
      outputs: async () => ({ probabilities: hostTensor(await predict(), [work.batch, work.classes]) }),
      time: (repetitions) => timeEach(repetitions, predict),
      dispose() {
        compiled.dispose();
        for (const array of [images, oneHot, ...parameters]) array.dispose();
      },
    };
  }

  const loss = headLoss(jax);
  const one = jax.numpy.ones([]);
  let velocities = parameters.map((parameter) => parameter.ref.mul(0));
  const compiled = jax.jit((pixels, labels, start, ...arrays) => {
    const lossOf: FunctionOf = (...given) => {
      const { classLogits, locationLogits } = logits(pixels, given);
      return loss(classLogits, locationLogits, labels.ref);
    };
    return withGradients(jax, lossOf)(...arrays, start);
  });
  const update = jax.jit((parameter, velocity, gradient) => {
    const next = velocity.mul(SGD.momentum).add(gradient);
    return [parameter.sub(next.ref.mul(SGD.learningRate)), next];
  });
  const step = async (): Promise<Float32Array> => {
    const results = compiled(images.ref, oneHot.ref, one.ref, ...parameters.map(({ ref }) => ref));
    const updated = results
      .slice(1)
      .map((gradient, index) =>
        update(parameters[index] as JaxArray, velocities[index] as JaxArray, gradient),
      );
    parameters = updated.map(([parameter]) => parameter as JaxArray);
    velocities = updated.map(([, velocity]) => velocity as JaxArray);
    const value = await first(results).data();
    await jax.blockUntilReady([...parameters, ...velocities]);
    return value;
  };
  return {
    async outputs() {
      const value = hostTensor(await step(), []);
      const changes = await watchedChanges(inputs, async (name) => {
        const after = new Weights(names, parameters).of(name);
        const { shape } = after;
        return fromChannelsFirst(await after.data(), shape, 'filter').values;
      });
      return { loss: value, ...changes };
    },
    time: (repetitions) => timeEach(repetitions, step),
    dispose() {
      compiled.dispose();
      update.dispose();
      for (const array of [images, oneHot, one, ...parameters, ...velocities]) array.dispose();
    },
  };
}
