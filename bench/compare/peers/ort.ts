/**
 * ONNX Runtime: inference only, channels first. Weights are constants of the graph; what is timed includes handing the input over
 * and the output back, because its Node binding keeps neither on the device.
 */
import type { Contender, Peer } from './peer.ts';
import type { HostTensors } from '../tensors.ts';
import type { InferenceSession, SessionOptions, Tensor } from 'onnxruntime-common';
import type { OrtModel } from './ort_network.ts';
import type { Shape } from '../../../src/runtime/shape.ts';
import type { Work } from '../work.ts';
import { elementCount, fromChannelsFirst, toChannelsFirst } from '../tensors.ts';
import { inputOf, NotOffered } from './peer.ts';
import { installedVersion } from './versions.ts';
import { INPUT, networkGraph } from './ort_network.ts';
import { OnnxGraph } from '../onnx_writer.ts';
import { outputSize, padding } from '../work.ts';

function modelOf(work: Work, inputs: HostTensors): OrtModel {
  const graph = new OnnxGraph();
  switch (work.kind) {
    case 'matmul': {
      const [input, b] = [inputOf(inputs, 'a'), inputOf(inputs, 'b')];
      graph.input(INPUT, input.shape);
      graph.node('MatMul', [INPUT, graph.constant(b.values, b.shape)], {}, 'output');
      graph.output('output', input.shape);
      return { graph, input, output: 'output', layout: 'plain' };
    }
    case 'convolution': {
      if (work.direction !== 'forward') throw new NotOffered('inference only');
      const input = inputOf(inputs, 'input');
      const weight = toChannelsFirst(inputOf(inputs, 'weight'));
      const border = padding(work.kernel);
      graph.input(INPUT, toChannelsFirst(input).shape);
      const attributes = {
        kernel_shape: { ints: [work.kernel, work.kernel] },
        strides: { ints: [work.stride, work.stride] },
        pads: { ints: [border, border, border, border] },
      };
      graph.node('Conv', [INPUT, graph.constant(weight.values, weight.shape)], attributes, 'output');
      const side = outputSize(work);
      graph.output('output', [work.batch, work.channels[1], side, side]);
      return { graph, input, output: 'output', layout: 'image' };
    }
    case 'inference':
      return networkGraph(work, inputs);
    case 'relu':
    case 'add':
      throw new NotOffered('handing the tensors over would be most of its time');
    case 'batch norm':
    case 'max pool':
    case 'global average pool':
    case 'sgd':
    case 'head':
    case 'training step':
      throw new NotOffered('inference only');
  }
}

/** What differs between the packages. */
interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: SessionOptions): Promise<InferenceSession>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: Shape) => Tensor;
}

async function contender(
  runtime: Runtime,
  options: SessionOptions,
  work: Work,
  inputs: HostTensors,
): Promise<Contender> {
  const { graph, input, output, layout } = modelOf(work, inputs);
  const session = await runtime.InferenceSession.create(graph.model(), {
    graphOptimizationLevel: 'all',
    interOpNumThreads: 1,
    ...options,
  });
  const { values, shape } = toChannelsFirst(input);
  const run = async (): Promise<Tensor> => {
    const results = await session.run({ [INPUT]: new runtime.Tensor('float32', values, shape) });
    const result = results[output];
    if (result === undefined) throw new Error(`the model has no ${output}`);
    return result;
  };
  return {
    async outputs() {
      const { data, dims } = await run();
      if (data.length !== elementCount(dims)) throw new Error('the output has another size than its shape');
      return { [output]: fromChannelsFirst(data, dims, layout) };
    },
    async time(repetitions) {
      const begin = performance.now();
      for (let repetition = 0; repetition < repetitions; repetition++) (await run()).dispose();
      return performance.now() - begin;
    },
    dispose: () => session.release(),
  };
}

function peer(name: string, packageName: string, runtime: Runtime, options: SessionOptions): Peer {
  return {
    name,
    versions: { [packageName]: installedVersion(packageName) },
    prepare: (work, inputs) => contender(runtime, options, work, inputs),
    close: () => undefined,
  };
}

/** Opens ONNX Runtime on its own build of Dawn, which takes the system's adapter. */
export async function openOrtWebGpu(): Promise<Peer> {
  const runtime = await import('onnxruntime-node');
  return peer('ort webgpu', 'onnxruntime-node', runtime, { executionProviders: ['webgpu'] });
}

/** Opens ONNX Runtime on so many threads of the CPU. */
export async function openOrtCpu(threads: number): Promise<Peer> {
  const runtime = await import('onnxruntime-node');
  const options = { executionProviders: ['cpu'], intraOpNumThreads: threads };
  return peer(`ort cpu ${threads}t`, 'onnxruntime-node', runtime, options);
}

/** Opens ONNX Runtime on WebAssembly, one thread. */
export async function openOrtWasm(): Promise<Peer> {
  const runtime = await import('onnxruntime-web/wasm');
  runtime.env.wasm.numThreads = 1;
  return peer('ort wasm', 'onnxruntime-web', runtime, { executionProviders: ['wasm'] });
}
