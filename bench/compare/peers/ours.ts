/** Our engine as a contender: the operations of src/kernels and the models of src/model. */
import type { Contender, Peer } from './peer.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { NetworkWork, Work } from '../work.ts';
import type { Tape } from '../../../src/runtime/tape.ts';
import type { Tensor } from '../../../src/runtime/tensor.ts';
import { add } from '../../../src/kernels/add/add.ts';
import { batchNorm } from '../../../src/kernels/batch_norm/batch_norm.ts';
import { BATCH_NORM_EPSILON, padding, SGD } from '../work.ts';
import { conv2d } from '../../../src/kernels/conv2d/conv2d.ts';
import { createEngine } from '../../../src/runtime/create_engine.ts';
import { createSgd } from '../../../src/kernels/sgd/sgd.ts';
import { globalAveragePool } from '../../../src/kernels/global_average_pool/global_average_pool.ts';
import { hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';
import { jointHead } from '../../../src/kernels/joint_head/joint_head.ts';
import { linear } from '../../../src/kernels/linear/linear.ts';
import { maxPool2d } from '../../../src/kernels/max_pool/max_pool.ts';
import { mean } from '../../../src/kernels/reduce/reduce.ts';
import { ourNetwork } from './ours_network.ts';
import { ParameterStore } from '../../../src/runtime/parameters.ts';
import { relu } from '../../../src/kernels/relu/relu.ts';
import { startTape } from '../../../src/kernels/tape.ts';

/** An operation, and which of its passes count. */
interface Operation {
  readonly forward: (tape: Tape) => Tensor;
  /** By what name the output goes, if the work asks for it. */
  readonly output?: string;
  /** Hands the backward pass its start; without, there is none. */
  readonly outputGradient?: Tensor;
  /** Tensors whose gradients the work asks for, by the names of these. */
  readonly gradients?: Readonly<Record<string, Tensor>>;
  /** The forward pass is not what is measured: it is done before the clock starts. */
  readonly backwardOnly?: boolean;
  readonly layout: HostTensor['layout'];
}

function readable({ shape }: Tensor, values: Float32Array, layout: HostTensor['layout']): HostTensor {
  return hostTensor(values, shape, shape.length === 4 ? layout : 'plain');
}

class OperationContender implements Contender {
  readonly #engine: Engine;
  readonly #operation: Operation;
  readonly #tensors: readonly Tensor[];

  constructor(engine: Engine, operation: Operation, tensors: readonly Tensor[]) {
    this.#engine = engine;
    this.#operation = operation;
    this.#tensors = tensors;
  }

  async outputs(): Promise<HostTensors> {
    const { forward, output, outputGradient, gradients = {}, layout } = this.#operation;
    const tape = this.#startTape();
    try {
      const result = forward(tape);
      const found: Record<string, HostTensor> = {};
      if (output !== undefined) found[output] = readable(result, await this.#engine.read(result), layout);
      if (outputGradient !== undefined) tape.backward(result, outputGradient);
      for (const [name, tensor] of Object.entries(gradients)) {
        const gradient = tape.gradient(tensor);
        if (gradient === null) throw new Error(`no gradient reached ${name}`);
        found[name] = readable(gradient, await this.#engine.read(gradient), layout);
      }
      return found;
    } finally {
      tape.end();
    }
  }

  async time(repetitions: number): Promise<number> {
    const { forward, outputGradient, backwardOnly = false } = this.#operation;
    const steps = Array.from({ length: repetitions }, () => {
      const tape = this.#startTape();
      return { tape, before: backwardOnly ? forward(tape) : null };
    });
    await this.#engine.sync();
    const begin = performance.now();
    for (const { tape, before } of steps) {
      const result = before ?? forward(tape);
      if (outputGradient !== undefined) tape.backward(result, outputGradient);
      tape.end();
    }
    await this.#engine.sync();
    return performance.now() - begin;
  }

  async dispose(): Promise<void> {
    for (const tensor of this.#tensors) tensor.dispose();
    await this.#engine.trim();
  }

  #startTape(): Tape {
    return startTape(this.#engine, { gradients: this.#operation.outputGradient !== undefined });
  }
}

type SingleWork = Exclude<Work, NetworkWork | { readonly kind: 'sgd' }>;

/** Makes a tensor of the input of that name; `true` for one whose gradient is wanted. */
type Upload = (name: string, requiresGradient?: boolean) => Tensor;

function operationOf(engine: Engine, work: SingleWork, upload: Upload): Operation {
  switch (work.kind) {
    case 'matmul': {
      const [a, b] = [upload('a'), upload('b')];
      return { forward: (tape) => linear(tape, a, b), output: 'output', layout: 'plain' };
    }
    case 'convolution': {
      const { direction, kernel, stride } = work;
      const input = upload('input', direction === 'input gradient');
      const weight = upload('weight', direction === 'weight gradient');
      const options = { stride, padding: padding(kernel) };
      const forward = (tape: Tape): Tensor => conv2d(tape, input, weight, options);
      if (direction === 'forward') return { forward, output: 'output', layout: 'image' };
      const [name, tensor, layout] =
        direction === 'input gradient'
          ? (['inputGradient', input, 'image'] as const)
          : (['weightGradient', weight, 'filter'] as const);
      const outputGradient = upload('outputGradient');
      return { forward, outputGradient, gradients: { [name]: tensor }, backwardOnly: true, layout };
    }
    case 'batch norm': {
      const input = upload('input', true);
      const [scale, shift] = [upload('scale', true), upload('shift', true)];
      const running = { runningMean: upload('shift'), runningVariance: upload('scale') };
      const options = { mode: 'train', epsilon: BATCH_NORM_EPSILON } as const;
      return {
        forward: (tape) => batchNorm(tape, input, { scale, shift, ...running }, options),
        output: 'output',
        outputGradient: upload('outputGradient'),
        gradients: { inputGradient: input, scaleGradient: scale, shiftGradient: shift },
        layout: 'image',
      };
    }
    case 'max pool':
    case 'global average pool': {
      const input = upload('input', true);
      return {
        forward: (tape) =>
          work.kind === 'max pool'
            ? maxPool2d(tape, input, { kernel: 3, stride: 2, padding: 1 })
            : globalAveragePool(tape, input),
        output: 'output',
        outputGradient: upload('outputGradient'),
        gradients: { inputGradient: input },
        layout: 'image',
      };
    }
    case 'relu': {
      const input = upload('input');
      return { forward: (tape) => relu(tape, input), output: 'output', layout: 'image' };
    }
    case 'add': {
      const [a, b] = [upload('a'), upload('b')];
      return { forward: (tape) => add(tape, a, b), output: 'output', layout: 'image' };
    }
    case 'head': {
      const f = upload('classLogits', true);
      const a = upload('locationLogits', true);
      const labels = engine.tensor(Uint32Array.from(work.labels), [work.batch]);
      return {
        forward: (tape) => mean(tape, jointHead(tape, f, a, labels, { objective: 'em' }).loss),
        output: 'loss',
        outputGradient: engine.tensor(Float32Array.of(1), []),
        gradients: { classGradient: f, locationGradient: a },
        layout: 'image',
      };
    }
  }
}

function operation(engine: Engine, work: SingleWork, inputs: HostTensors): Contender {
  const tensors: Tensor[] = [];
  const upload: Upload = (name, requiresGradient = false) => {
    const { values, shape } = inputOf(inputs, name);
    const tensor = engine.tensor(values, shape, { requiresGradient });
    tensors.push(tensor);
    return tensor;
  };
  return new OperationContender(engine, operationOf(engine, work, upload), tensors);
}

function optimiser(engine: Engine, inputs: HostTensors): Contender {
  const specifications = Object.entries(inputs).map(([name, { shape }]) => ({ name, shape }));
  const store = new ParameterStore(engine, specifications);
  for (const { name, value, gradient } of store.entries) {
    const { values } = inputOf(inputs, name);
    engine.write(value, values);
    engine.write(gradient, values);
  }
  const groups = [{ parameters: Object.keys(inputs), learningRate: SGD.learningRate }];
  const sgd = createSgd(engine, store, { groups, momentum: SGD.momentum });
  return {
    async outputs() {
      sgd.step();
      const name = 'conv_last.weight';
      return { [name]: { ...inputOf(inputs, name), values: await engine.read(store.get(name)) } };
    },
    async time(repetitions) {
      await engine.sync();
      const begin = performance.now();
      for (let step = 0; step < repetitions; step++) sgd.step();
      await engine.sync();
      return performance.now() - begin;
    },
    async dispose() {
      sgd.dispose();
      store.dispose();
      await engine.trim();
    },
  };
}

/** Opens our engine as a peer. */
export async function openOurs(): Promise<Peer & { readonly engine: Engine }> {
  const engine = await createEngine();
  const prepare = (work: Work, inputs: HostTensors): Contender => {
    if (work.kind === 'training step' || work.kind === 'inference') return ourNetwork(engine, work, inputs);
    return work.kind === 'sgd' ? optimiser(engine, inputs) : operation(engine, work, inputs);
  };
  return {
    name: 'ours',
    versions: {},
    engine,
    prepare: (work, inputs) => Promise.resolve(prepare(work, inputs)),
    close: () => engine.destroy(),
  };
}
