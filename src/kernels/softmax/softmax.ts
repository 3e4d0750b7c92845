import type { RowVariant } from './row_statistics.ts';
import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { gradient as gradientKernel } from './gradient.wgsl.ts';
import { gradientVec4 as gradientVec4Kernel } from './gradient_vec4.wgsl.ts';
import { launchRowStatistics, rowVariant } from './row_statistics.ts';
import { normalise as normaliseKernel } from './normalise.wgsl.ts';
import { reject } from '../../runtime/errors.ts';
import { spread } from '../elementwise/workgroups.ts';

/** How to launch a softmax. */
export interface SoftmaxOptions {
  /** Kernels to use; by default those that suit the adapter. */
  readonly variant?: RowVariant;
}

function launch(name: string, tape: Tape, input: Tensor, log: boolean, options: SoftmaxOptions): Tensor {
  const columns = input.shape.at(-1) ?? reject(name, 'shape of input', '[]', '[...,classes]');
  const rows = input.size / columns;
  const statistics = launchRowStatistics(tape, input, {
    rows,
    columns,
    variant: rowVariant(tape, options.variant),
  });
  const output = tape.empty(input.shape);
  const count = ceilDivide(input.size, 4);
  const LOG = log ? 1 : 0;
  const { workgroups, constants } = spread(tape.engine, normaliseKernel, count);
  tape.run(normaliseKernel, {
    buffers: { input, statistics, output },
    params: { rows, columns, count },
    workgroups,
    constants: { ...constants, LOG, ALIGNED: columns % 4 === 0 ? 1 : 0 },
    work: { bytes: 8 * input.size + 8 * rows, flops: 3 * input.size },
  });
  return tape.record(name, output, [input], (outputGradient) => {
    const inputGradient = tape.emptyGradient(input);
    const buffers = { output, outputGradient, inputGradient };
    const work = { bytes: 12 * input.size, flops: 4 * input.size };
    const workgroups = ceilDivide(rows, gradientKernel.constants.WORKGROUP.value);
    if (columns % 4 === 0) {
      const params = { rows, quads: columns / 4 };
      tape.run(gradientVec4Kernel, { buffers, params, workgroups, constants: { LOG }, work });
    } else {
      tape.run(gradientKernel, { buffers, params: { rows, columns }, workgroups, constants: { LOG }, work });
    }
    return [inputGradient];
  });
}

/** exp(x) / sum exp(x) over the last axis of [...,classes] (torch.softmax, dim -1). Finite for every finite input. */
export function softmax(tape: Tape, input: Tensor, options: SoftmaxOptions = {}): Tensor {
  return launch('softmax', tape, input, false, options);
}

/** x - log sum exp(x) over the last axis of [...,classes] (torch.log_softmax, dim -1). */
export function logSoftmax(tape: Tape, input: Tensor, options: SoftmaxOptions = {}): Tensor {
  return launch('logSoftmax', tape, input, true, options);
}
