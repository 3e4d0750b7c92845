import type { Conv2dLayer, Layer } from './layers.ts';
import type { Initialisation } from './configuration.ts';
import { parametersOf } from './layers.ts';
import { RandomStream } from '../runtime/random.ts';

/** A stream of its own for every parameter: adding a layer, or another head, changes no other parameter's start. */
function streamOf(seed: number, name: string): RandomStream {
  return new RandomStream(seed, ...Array.from(name, (character) => character.codePointAt(0) ?? 0));
}

function uniform(stream: RandomStream, values: Float32Array, bound: number): void {
  for (let i = 0; i < values.length; i++) values[i] = stream.uniform(-bound, bound);
}

/** Normal with mean 0, by Box and Muller's method: two uniforms give two normals. */
function normal(stream: RandomStream, values: Float32Array, deviation: number): void {
  for (let i = 0; i < values.length; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(1 - stream.uniform()));
    const angle = 2 * Math.PI * stream.uniform();
    values[i] = radius * Math.cos(angle);
    // Past the end of an odd number of values this write does nothing.
    values[i + 1] = radius * Math.sin(angle);
  }
}

function convolutionValues(
  layer: Conv2dLayer,
  stream: RandomStream,
  values: Float32Array,
  initialisation: Initialisation,
): void {
  const area = layer.kernel[0] * layer.kernel[1];
  const fanIn = area * layer.inputChannels;
  const fanOut = area * layer.outputChannels;
  if (initialisation === 'xavier') uniform(stream, values, Math.sqrt(6 / (fanIn + fanOut)));
  else if (initialisation === 'he' || layer.initialisation === 'kaiming')
    normal(stream, values, Math.sqrt(2 / fanOut));
  else if (layer.initialisation === 'narrow') normal(stream, values, 0.1);
  // kaiming_uniform_(a = sqrt(5)) comes to this bound.
  else uniform(stream, values, 1 / Math.sqrt(fanIn));
}

/**
 * Initial values of a layer's parameters, by name, laid out as the parameters are. Batch norms start at weight 1, bias 0.
 * 'torchvision': trunk convolutions as `ConvolutionInitialisation` tells, mostly kaiming_normal_(mode='fan_out', nonlinearity='relu'),
 * heads as torch.nn.Conv2d. 'xavier': every convolution xavier_uniform_, 'he': every one kaiming_normal_ as above, biases 0: so the
 * released CALM code starts ResNets and Inception, and VGG. The numbers are our own generator's.
 */
export function initialValues(
  layer: Layer,
  seed: number,
  initialisation: Initialisation,
): Map<string, Float32Array> {
  const result = new Map<string, Float32Array>();
  for (const { name, shape } of parametersOf(layer)) {
    const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
    const isWeight = name.endsWith('.weight');
    if (layer.kind === 'batchNorm2d') values.fill(isWeight ? 1 : 0);
    else if (isWeight) convolutionValues(layer, streamOf(seed, name), values, initialisation);
    else if (initialisation === 'torchvision' && layer.initialisation === 'pytorch') {
      // torch.nn.Conv2d draws the bias from the same bound as the weight.
      const fanIn = layer.kernel[0] * layer.kernel[1] * layer.inputChannels;
      uniform(streamOf(seed, name), values, 1 / Math.sqrt(fanIn));
    }
    result.set(name, values);
  }
  return result;
}
