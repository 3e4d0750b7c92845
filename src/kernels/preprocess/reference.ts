import type { Array64 } from '../reference.ts';
import type { PreprocessOptions } from './preprocess.ts';
import { array64, at } from '../reference.ts';

/** (byte / 255 - mean) / std of the region cut out of each image, mirrored where asked. `images` are packed bytes. */
export function preprocessReference(images: Array64, options: PreprocessOptions): Array64 {
  const { height, width, crops, flips, mean, std } = options;
  const [batch, imageHeight, imageWidth] = options.images;
  const output = array64([batch, height, width, 3]);
  for (let n = 0; n < batch; n++) {
    const top = crops?.[2 * n] ?? Math.floor((imageHeight - height) / 2);
    const left = crops?.[2 * n + 1] ?? Math.floor((imageWidth - width) / 2);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const column = left + ((flips?.[n] ?? 0) === 0 ? x : width - 1 - x);
        for (const [c, channelMean] of mean.entries()) {
          const byte = ((n * imageHeight + top + y) * imageWidth + column) * 3 + c;
          const value = Math.floor(at(images, Math.floor(byte / 4)) / 256 ** (byte % 4)) % 256;
          output.data[((n * height + y) * width + x) * 3 + c] = (value / 255 - channelMean) / (std[c] ?? 0);
        }
      }
    }
  }
  return output;
}
