/**
 * ResNet-50 with CALM's head, written once over whatever operations a peer has. Names of layers are PyTorch's, a bottleneck
 * strides in its 3x3 convolution, and without a stride a stage keeps the resolution: as in src/model.
 */
import type { HostTensor } from './tensors.ts';
import type { NetworkWork } from './work.ts';
import type { Shape } from '../../src/runtime/shape.ts';
import { elementCount, hostTensor, randomTensor } from './tensors.ts';

/** A convolution of the network; its weight is `NAME.weight`, a bias `NAME.bias`. */
export interface ConvolutionLayer {
  readonly name: string;
  readonly channels: readonly [input: number, output: number];
  readonly kernel: number;
  readonly stride: number;
  readonly bias: boolean;
}

/** What the network is made of. `T` is a peer's tensor, or its symbol for one. */
export interface NetworkOperations<T> {
  readonly convolution: (input: T, layer: ConvolutionLayer) => T;
  /** Parameters `NAME.weight` and `NAME.bias`; running statistics `NAME.running_mean` and `NAME.running_var`. */
  readonly batchNorm: (input: T, name: string, channels: number) => T;
  readonly relu: (input: T) => T;
  readonly add: (a: T, b: T) => T;
  /** 3x3, stride 2, border 1. */
  readonly maxPool: (input: T) => T;
}

/** What the head's two convolutions give. */
export interface Logits<T> {
  readonly classLogits: T;
  readonly locationLogits: T;
}

type NetworkSize = Pick<NetworkWork, 'classes' | 'outputStride'>;

/** Runs images through the network. */
export function resnet50<T>(
  { convolution, batchNorm, relu, add, maxPool }: NetworkOperations<T>,
  images: T,
  { classes, outputStride }: NetworkSize,
): Logits<T> {
  const unit = (
    input: T,
    [conv, norm]: readonly [string, string],
    channels: readonly [number, number],
    kernel: number,
    stride = 1,
  ): T =>
    batchNorm(convolution(input, { name: conv, channels, kernel, stride, bias: false }), norm, channels[1]);
  let features = maxPool(relu(unit(images, ['conv1', 'bn1'], [3, 64], 7, 2)));
  let channels = 64;
  const strides = [1, 2, outputStride > 8 ? 2 : 1, outputStride > 16 ? 2 : 1];
  for (const [stage, blocks] of [3, 4, 6, 3].entries()) {
    const width = 64 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const name = `layer${stage + 1}.${block}`;
      const stride = block === 0 ? (strides[stage] ?? 1) : 1;
      const names = (index: number) => [`${name}.conv${index}`, `${name}.bn${index}`] as const;
      let hidden = relu(unit(features, names(1), [channels, width], 1));
      hidden = relu(unit(hidden, names(2), [width, width], 3, stride));
      hidden = unit(hidden, names(3), [width, 4 * width], 1);
      const shortcut =
        block === 0
          ? unit(features, [`${name}.downsample.0`, `${name}.downsample.1`], [channels, 4 * width], 1, stride)
          : features;
      features = relu(add(hidden, shortcut));
      channels = 4 * width;
    }
  }
  const head = (name: string, outputs: number): T =>
    convolution(features, { name, channels: [channels, outputs], kernel: 1, stride: 1, bias: true });
  return { classLogits: head('conv_last', classes), locationLogits: head('attention.0', 1) };
}

/** A tensor of the network and what it is for. */
export interface NetworkTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly role: 'filter' | 'scale' | 'shift' | 'running mean' | 'running variance';
}

/** Every tensor of the network, and the multiplications and additions of a forward pass. */
export function describeNetwork(size: NetworkSize & Pick<NetworkWork, 'batch' | 'side'>): {
  readonly tensors: readonly NetworkTensor[];
  readonly flops: number;
  readonly stemFlops: number;
} {
  const tensors: NetworkTensor[] = [];
  let flops = 0;
  let stemFlops = 0;
  // The network over the side of the image instead of the image.
  const operations: NetworkOperations<number> = {
    convolution(side, { name, channels, kernel, stride, bias }) {
      const output = Math.ceil(side / stride);
      const own = 2 * size.batch * output ** 2 * kernel ** 2 * channels[0] * channels[1];
      if (name === 'conv1') stemFlops = own;
      flops += own;
      tensors.push({ name: `${name}.weight`, shape: [kernel, kernel, ...channels], role: 'filter' });
      if (bias) tensors.push({ name: `${name}.bias`, shape: [channels[1]], role: 'shift' });
      return output;
    },
    batchNorm(side, name, channels) {
      const shape = [channels];
      tensors.push(
        { name: `${name}.weight`, shape, role: 'scale' },
        { name: `${name}.bias`, shape, role: 'shift' },
        { name: `${name}.running_mean`, shape, role: 'running mean' },
        { name: `${name}.running_var`, shape, role: 'running variance' },
      );
      return side;
    },
    relu: (side) => side,
    add: (side) => side,
    maxPool: (side) => Math.ceil(side / 2),
  };
  resnet50(operations, size.side, size);
  return { tensors, flops, stemFlops };
}

/** Whether training changes it by its gradient. */
export function isParameter({ role }: NetworkTensor): boolean {
  return role !== 'running mean' && role !== 'running variance';
}

function initialTensor({ name, shape, role }: NetworkTensor, seed: number): HostTensor {
  const [height = 1, width = 1, , outputs = 1] = shape;
  const filled = (value: number): HostTensor =>
    hostTensor(new Float32Array(elementCount(shape)).fill(value), shape);
  switch (role) {
    case 'filter': {
      const head = name.startsWith('conv_last') || name.startsWith('attention');
      // Kaiming's, by the fan out, in the trunk; in the head what gives logits of a few units.
      const deviation = head ? 0.03 : Math.sqrt(2 / (height * width * outputs));
      return randomTensor(shape, seed, 'filter', deviation);
    }
    case 'scale':
      return filled(1);
    case 'shift':
      return filled(0);
    case 'running mean':
      return randomTensor(shape, seed, 'plain', 0.1);
    case 'running variance': {
      // Above 1, so that inference keeps its activations within a few units from block to block.
      const { values } = randomTensor(shape, seed, 'plain', 0.25);
      return hostTensor(
        values.map((value) => 2 + value),
        shape,
      );
    }
  }
}

/** Seeded values of the network's tensors by name. */
export function initialTensors(tensors: readonly NetworkTensor[]): Record<string, HostTensor> {
  return Object.fromEntries(
    tensors.map((tensor, index) => [tensor.name, initialTensor(tensor, 100 + index)]),
  );
}
