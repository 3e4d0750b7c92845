import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ArgumentError, reject } from '../../runtime/errors.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { copyColumns as scalarKernel } from './copy_columns.wgsl.ts';
import { copyColumnsVec4 as vec4Kernel } from './copy_columns_vec4.wgsl.ts';
import { formatShape, sameShape } from '../../runtime/shape.ts';

/** Some neighbouring columns of a tensor [...,columns]. */
interface Columns {
  readonly tensor: Tensor;
  readonly first: number;
}

const channelsOf = (tensor: Tensor): number => tensor.shape.at(-1) ?? 1;

function copyColumns(tape: Tape, source: Columns, destination: Columns, width: number): void {
  const sourceColumns = channelsOf(source.tensor);
  const targetColumns = channelsOf(destination.tensor);
  const rows = source.tensor.size / sourceColumns;
  const numbers = {
    width,
    sourceColumns,
    sourceFirst: source.first,
    targetColumns,
    targetFirst: destination.first,
  };
  const vec4 = Object.values(numbers).every((value) => value % 4 === 0);
  const unit = vec4 ? 4 : 1;
  const kernel = vec4 ? vec4Kernel : scalarKernel;
  const { STRIP, WORKGROUP } = kernel.constants;
  const strips = ceilDivide(rows, STRIP.value);
  tape.run(kernel, {
    buffers: { source: source.tensor, destination: destination.tensor },
    params: {
      rows,
      strips,
      width: width / unit,
      sourceColumns: sourceColumns / unit,
      sourceFirst: source.first / unit,
      targetColumns: targetColumns / unit,
      targetFirst: destination.first / unit,
    },
    workgroups: ceilDivide((strips * width) / unit, WORKGROUP.value),
    work: { bytes: 8 * rows * width, flops: 0 },
  });
}

/**
 * Joins tensors along their last axis: [...,C1], [...,C2], ... -> [...,C1+C2+...] (torch.cat along the channels). Throws
 * ArgumentError without inputs and when their other axes differ.
 */
export function concatChannels(tape: Tape, inputs: readonly Tensor[]): Tensor {
  const [head] = inputs;
  if (head === undefined)
    throw new ArgumentError('concatChannels: inputs is empty, wanted at least one tensor');
  const rowShape = head.shape.slice(0, -1);
  for (const [index, input] of inputs.entries()) {
    if (input.shape.length === 0 || !sameShape(input.shape.slice(0, -1), rowShape)) {
      const wanted = `[${[...rowShape, 'channels'].join(',')}]`;
      reject('concatChannels', `shape of inputs[${index}]`, formatShape(input.shape), wanted);
    }
  }
  const offsets: number[] = [];
  let channels = 0;
  for (const input of inputs) {
    offsets.push(channels);
    channels += channelsOf(input);
  }
  const output = tape.empty([...rowShape, channels]);
  for (const [index, input] of inputs.entries())
    copyColumns(
      tape,
      { tensor: input, first: 0 },
      { tensor: output, first: offsets[index] ?? 0 },
      channelsOf(input),
    );
  return tape.record('concatChannels', output, inputs, (outputGradient) =>
    inputs.map((input, index) => {
      if (!tape.needsGradient(input)) return null;
      const inputGradient = tape.empty(input.shape);
      const source = { tensor: outputGradient, first: offsets[index] ?? 0 };
      copyColumns(tape, source, { tensor: inputGradient, first: 0 }, channelsOf(input));
      return inputGradient;
    }),
  );
}
