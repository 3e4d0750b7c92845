import type { Array64 } from '../reference.ts';
import type { Shape } from '../../runtime/shape.ts';
import { array64, at } from '../reference.ts';
import { imageShape } from '../../runtime/shape.ts';

/** Mean over an image's pixels: [N,H,W,C] -> [N,C]. */
export function globalAveragePoolReference(input: Array64): Array64 {
  const [batch, height, width, channels] = imageShape('globalAveragePoolReference', 'input', input);
  const output = array64([batch, channels]);
  const imageSize = height * width * channels;
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++) {
      let sum = 0;
      for (let i = c; i < imageSize; i += channels) sum += at(input, n * imageSize + i);
      output.data[n * channels + c] = sum / (height * width);
    }
  return output;
}

/** Every pixel gets an equal part of the gradient. */
export function globalAveragePoolReferenceGradient(shape: Shape, outputGradient: Array64): Array64 {
  const [, height, width, channels] = imageShape('globalAveragePoolReference', 'input', { shape });
  const inputGradient = array64(shape);
  for (let i = 0; i < inputGradient.data.length; i++) {
    const n = Math.floor(i / (height * width * channels));
    inputGradient.data[i] = at(outputGradient, n * channels + (i % channels)) / (height * width);
  }
  return inputGradient;
}
