/** A whole ResNet-50 on our engine: the training step and the inference of src/model. */
import type { Contender } from './peer.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import type { HostTensors } from '../tensors.ts';
import type { Model } from '../../../src/model/model.ts';
import type { NetworkWork } from '../work.ts';
import { createModel } from '../../../src/model/model.ts';
import { createSgd } from '../../../src/kernels/sgd/sgd.ts';
import { timeEach, watchedChanges } from './network_results.ts';
import { hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';
import { SGD } from '../work.ts';
import { startTape } from '../../../src/kernels/tape.ts';

function loadWeights(model: Model, inputs: HostTensors): void {
  const { engine, parameters, weights } = model;
  for (const { name, value } of parameters.entries) engine.write(value, inputOf(inputs, name).values);
  for (const [name, { mean, variance }] of weights.statistics) {
    engine.write(mean, inputOf(inputs, `${name}.running_mean`).values);
    engine.write(variance, inputOf(inputs, `${name}.running_var`).values);
  }
}

/** Makes the network with the given weights. */
export function ourNetwork(engine: Engine, work: NetworkWork, inputs: HostTensors): Contender {
  const { classes, outputStride, labels } = work;
  const model = createModel(engine, { architecture: 'resnet50', head: 'calm-em', classes, outputStride });
  loadWeights(model, inputs);
  const host = inputOf(inputs, 'images');
  const images = engine.tensor(host.values, host.shape);
  const targets = engine.tensor(Uint32Array.from(labels), [work.batch]);
  const dispose = async (...tensors: readonly { dispose(): void }[]): Promise<void> => {
    for (const made of [...tensors, model, images, targets]) made.dispose();
    await engine.trim();
  };
  if (work.kind === 'inference') {
    const predict = async (): Promise<Float32Array> => {
      const tape = startTape(engine, { gradients: false });
      try {
        return await engine.read(model.predict(tape, images).probabilities);
      } finally {
        tape.end();
      }
    };
    return {
      outputs: async () => ({ probabilities: hostTensor(await predict(), [work.batch, classes]) }),
      time: (repetitions) => timeEach(repetitions, predict),
      dispose,
    };
  }
  const names = model.parameters.entries.map(({ name }) => name);
  const sgd = createSgd(engine, model.parameters, {
    groups: [{ parameters: names, learningRate: SGD.learningRate }],
    momentum: SGD.momentum,
  });
  const one = engine.tensor(Float32Array.of(1), []);
  const step = async (): Promise<Float32Array> => {
    const tape = startTape(engine);
    try {
      model.parameters.placeGradients(tape);
      const { loss } = model.loss(tape, images, targets);
      tape.backward(loss, one);
      sgd.step(tape);
      return await engine.read(loss);
    } finally {
      tape.end();
    }
  };
  return {
    async outputs() {
      const loss = hostTensor(await step(), []);
      return { loss, ...(await watchedChanges(inputs, (name) => engine.read(model.parameters.get(name)))) };
    },
    time: (repetitions) => timeEach(repetitions, step),
    dispose: () => dispose(sgd, one),
  };
}
