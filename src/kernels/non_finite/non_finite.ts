/** Finding NaN and infinity on the GPU, and holding what a training step would do where there are some. */
import type { DType } from '../../runtime/tensor.ts';
import type { Engine } from '../../runtime/engine.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { find as findKernel } from './find.wgsl.ts';
import { hold as holdKernel } from './hold.wgsl.ts';
import { judge as judgeKernel } from './judge.wgsl.ts';
import { PARAMETER_BLOCK } from '../../runtime/parameters.ts';
import { settle as settleKernel } from './settle.wgsl.ts';
import { windows } from '../sgd/windows.ts';

/** Workgroups that share one tensor at most: 4,096 invocations keep a large GPU's memory busy, and leave little to bring together. */
const MOST_WORKGROUPS = 64;

const INVOCATIONS = findKernel.constants.WORKGROUP.value;

const windowsOf = (engine: Engine, { size }: Tensor<DType>) =>
  windows(size, engine.device.limits.maxStorageBufferBindingSize, PARAMETER_BLOCK);

const workgroupsFor = (size: number): number =>
  Math.min(MOST_WORKGROUPS, Math.max(1, ceilDivide(size, 4 * INVOCATIONS)));

/** Words that `findNonFinite` writes for a tensor. */
export function wordsFor(engine: Engine, tensor: Tensor): number {
  return windowsOf(engine, tensor).reduce((sum, { size }) => sum + workgroupsFor(size) * INVOCATIONS, 0);
}

/** Launches the search for NaN and infinity in a tensor: sets `wordsFor` words of `found` from number `first` on to 1 or 0. */
export function findNonFinite(engine: Engine, tensor: Tensor, found: Tensor<'u32'>, first: number): void {
  let word = first;
  for (const part of windowsOf(engine, tensor)) {
    const workgroups = workgroupsFor(part.size);
    const isWhole = part.size === tensor.size;
    engine.run(findKernel, {
      buffers: {
        source: isWhole ? tensor : tensor.reshape([tensor.size]).slice(part.first, [part.size]),
        found,
      },
      params: { size: part.size, first: word },
      workgroups: [workgroups, 1, 1],
    });
    word += workgroups * INVOCATIONS;
  }
}

/** verdict[0] becomes 1 where a word of `found` is set or, unless it is null, the loss [] is not finite; it never becomes 0. */
export function judge(
  engine: Engine,
  found: Tensor<'u32'>,
  loss: Tensor | null,
  verdict: Tensor<'u32'>,
): void {
  // A binding needs a tensor; without the loss its content does not matter.
  const unread = loss === null ? engine.empty([1]) : null;
  engine.run(judgeKernel, {
    buffers: { found, loss: loss ?? unread ?? engine.empty([1]), verdict },
    params: { count: found.size },
    constants: { CHECK_LOSS: loss === null ? 0 : 1 },
    workgroups: [1, 1, 1],
  });
  unread?.dispose();
}

/** current = saved where verdict[0] is set, saved = current where it is not. The two have one size. */
export function settle(engine: Engine, verdict: Tensor<'u32'>, current: Tensor, saved: Tensor): void {
  const { size } = current;
  const workgroups = ceilDivide(size, settleKernel.constants.WORKGROUP.value);
  engine.run(settleKernel, { buffers: { verdict, current, saved }, params: { size }, workgroups });
}

/** chosen = the groups of an optimiser's blocks, or SKIP for all where verdict[0] is set. */
export function holdBlocks(
  engine: Engine,
  verdict: Tensor<'u32'>,
  groupsOfBlocks: Tensor<'u32'>,
  chosen: Tensor<'u32'>,
): void {
  const blocks = groupsOfBlocks.size;
  const workgroups = ceilDivide(blocks, holdKernel.constants.WORKGROUP.value);
  engine.run(holdKernel, { buffers: { verdict, groupsOfBlocks, chosen }, params: { blocks }, workgroups });
}
