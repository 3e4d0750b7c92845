import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** Which input row (or column) each output row reads, and with which weight: the rule of OpenCV's INTER_LINEAR. */
function taps(inputSize: number, size: number): (readonly [place: number, weight: number])[][] {
  return Array.from({ length: size }, (_, i) => {
    const position = Math.min(Math.max(((i + 0.5) * inputSize) / size - 0.5, 0), inputSize - 1);
    const low = Math.min(Math.floor(position), Math.max(inputSize - 2, 0));
    const weight = position - low;
    return [
      [low, 1 - weight],
      [Math.min(low + 1, inputSize - 1), weight],
    ];
  });
}

/** Calls `visit(output index, input index, weight)` for every contribution of a resize from one NHWC shape to another. */
function visitTaps(
  inputShape: readonly number[],
  height: number,
  width: number,
  visit: (output: number, input: number, weight: number) => void,
): void {
  const [batch = 0, inputHeight = 0, inputWidth = 0, channels = 0] = inputShape;
  const rows = taps(inputHeight, height);
  const columns = taps(inputWidth, width);
  for (let n = 0; n < batch; n++) {
    for (const [y, rowTaps] of rows.entries()) {
      for (const [x, columnTaps] of columns.entries()) {
        for (const [inputY, rowWeight] of rowTaps) {
          for (const [inputX, columnWeight] of columnTaps) {
            for (let c = 0; c < channels; c++) {
              visit(
                ((n * height + y) * width + x) * channels + c,
                ((n * inputHeight + inputY) * inputWidth + inputX) * channels + c,
                rowWeight * columnWeight,
              );
            }
          }
        }
      }
    }
  }
}

/** Bilinear resize of [N,H,W,C] to [N,height,width,C]. */
export function resizeReference(x: Array64, height: number, width: number): Array64 {
  const [batch = 0, , , channels = 0] = x.shape;
  const output = array64([batch, height, width, channels]);
  visitTaps(x.shape, height, width, (o, i, weight) => {
    output.data[o] = at(output, o) + weight * at(x, i);
  });
  return output;
}

/** Its transpose: every input pixel collects from the output pixels that read it. */
export function resizeReferenceGradient(x: Array64, outputGradient: Array64): Array64 {
  const [, height = 0, width = 0] = outputGradient.shape;
  const gradient = array64(x.shape);
  visitTaps(x.shape, height, width, (o, i, weight) => {
    gradient.data[i] = at(gradient, i) + weight * at(outputGradient, o);
  });
  return gradient;
}
