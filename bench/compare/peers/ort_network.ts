/** ResNet-50 with CALM's head as an ONNX graph. */
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { NetworkOperations } from '../network.ts';
import type { NetworkWork } from '../work.ts';
import { BATCH_NORM_EPSILON, padding } from '../work.ts';
import { inputOf } from './peer.ts';
import { OnnxGraph } from '../onnx_writer.ts';
import { resnet50 } from '../network.ts';
import { toChannelsFirst } from '../tensors.ts';

/** A model, its input, and what its one output is. */
export interface OrtModel {
  readonly graph: OnnxGraph;
  readonly input: HostTensor;
  readonly output: string;
  readonly layout: HostTensor['layout'];
}

/** Name of every model's input. */
export const INPUT = 'input';

function operations(graph: OnnxGraph, inputs: HostTensors): NetworkOperations<string> {
  const constant = (name: string): string => {
    const { values, shape } = toChannelsFirst(inputOf(inputs, name));
    return graph.constant(values, shape);
  };
  const square = (size: number, stride: number) => {
    const border = padding(size);
    return {
      kernel_shape: { ints: [size, size] },
      strides: { ints: [stride, stride] },
      pads: { ints: [border, border, border, border] },
    };
  };
  return {
    convolution(input, { name, kernel, stride, bias }) {
      const tensors = [input, constant(`${name}.weight`)];
      if (bias) tensors.push(constant(`${name}.bias`));
      return graph.node('Conv', tensors, square(kernel, stride));
    },
    batchNorm(input, name) {
      const tensors = ['weight', 'bias', 'running_mean', 'running_var'].map((part) =>
        constant(`${name}.${part}`),
      );
      return graph.node('BatchNormalization', [input, ...tensors], {
        epsilon: { float: BATCH_NORM_EPSILON },
      });
    },
    relu: (input) => graph.node('Relu', [input]),
    add: (a, b) => graph.node('Add', [a, b]),
    maxPool: (input) => graph.node('MaxPool', [input], square(3, 2)),
  };
}

/** The model that gives p(y|x), the sum of the joint map, of a batch of images. */
export function networkGraph(work: NetworkWork, inputs: HostTensors): OrtModel {
  const graph = new OnnxGraph();
  const images = inputOf(inputs, 'images');
  const input = graph.input(INPUT, toChannelsFirst(images).shape);
  const { classLogits, locationLogits } = resnet50(operations(graph, inputs), input, work);
  const pixels = graph.constant(BigInt64Array.of(2n, 3n), [2]);
  const activation = graph.node('Softplus', [locationLogits]);
  const total = graph.node('ReduceSum', [activation, pixels]);
  const prior = graph.node('Div', [activation, total]);
  const conditional = graph.node('Softmax', [classLogits], { axis: { int: 1 } });
  const joint = graph.node('Mul', [conditional, prior]);
  graph.node('ReduceSum', [joint, pixels], { keepdims: { int: 0 } }, 'probabilities');
  graph.output('probabilities', [work.batch, work.classes]);
  return { graph, input: images, output: 'probabilities', layout: 'plain' };
}
