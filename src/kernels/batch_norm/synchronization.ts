import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../tuning.ts';

/** Other processes that have the rest of the batch: its statistics are then over all of it (torch.nn.SyncBatchNorm). */
export interface BatchSynchronization {
  /** Rows of all processes, of which `rows` are here. */
  readonly wholeRows: (rows: number) => number;
  /** Records: mean and biased variance [C] of the rows here become those of all rows, in place, and move the running statistics. */
  readonly mergeStatistics: (
    tape: Tape,
    own: { readonly mean: Tensor; readonly variance: Tensor },
    running: { readonly runningMean: Tensor; readonly runningVariance: Tensor },
    options: { readonly rows: number; readonly momentum: number; readonly tuning: Tuning },
  ) => void;
  /** Records: a tensor becomes the sum of all processes', in place. */
  readonly sum: (tape: Tape, tensor: Tensor) => void;
}
