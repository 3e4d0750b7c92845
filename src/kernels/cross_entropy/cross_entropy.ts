import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { checkShape, matrixShape } from '../../runtime/shape.ts';
import { gradient as gradientKernel } from './gradient.wgsl.ts';
import { launchRowStatistics, rowVariant } from '../softmax/row_statistics.ts';
import { loss as lossKernel } from './loss.wgsl.ts';
import { NAN_BITS } from '../nan.ts';

/**
 * Cross entropy of every sample, -log softmax(logits)[label] (torch.nn.functional.cross_entropy, reduction 'none'). logits
 * [N,C], labels [N] in [0, C), result [N] in nats. A label outside the classes gives NaN for its sample; nothing is read for it.
 * @throws ArgumentError when shapes disagree.
 */
export function crossEntropy(tape: Tape, logits: Tensor, labels: Tensor<'u32'>): Tensor {
  const [rows, classes] = matrixShape('crossEntropy', 'logits', logits);
  checkShape('crossEntropy', 'labels', labels, [rows]);
  const variant = rowVariant(tape, undefined);
  const statistics = launchRowStatistics(tape, logits, { rows, columns: classes, variant });
  const loss = tape.empty([rows]);
  tape.run(lossKernel, {
    buffers: { logits, labels, statistics, loss },
    params: { rows, classes, nanBits: NAN_BITS },
    workgroups: ceilDivide(rows, lossKernel.constants.WORKGROUP.value),
    work: { bytes: 20 * rows, flops: 2 * rows },
  });
  return tape.record('crossEntropy', loss, [logits, labels], (lossGradient) => {
    const logitGradient = tape.emptyGradient(logits);
    tape.run(gradientKernel, {
      buffers: { logits, labels, statistics, lossGradient, logitGradient },
      params: { count: logits.size, classes, nanBits: NAN_BITS },
      workgroups: ceilDivide(logits.size, gradientKernel.constants.WORKGROUP.value),
      work: { bytes: 8 * logits.size, flops: 5 * logits.size },
    });
    return [logitGradient, null];
  });
}
