import type { Tape } from '../../runtime/tape.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ceilDivide } from '../../runtime/grid.ts';
import { rowStatistics as invocationKernel } from './row_statistics.wgsl.ts';
import { rowStatisticsLanes as lanesKernel } from './row_statistics_lanes.wgsl.ts';

/**
 * Which invocations share a row: `'invocation'` gives each a row of its own (software adapters: no barriers, everything in
 * registers), `'lanes'` puts neighbouring lanes on neighbouring columns (GPUs: memory is read in whole lines).
 */
export type RowVariant = 'invocation' | 'lanes';

/** The variant that suits the tape's adapter, unless the caller names one. */
export function rowVariant(tape: Tape, wanted: RowVariant | undefined): RowVariant {
  return wanted ?? (tape.engine.capabilities.software ? 'invocation' : 'lanes');
}

/** From so many columns on a row is a stream of its own, and from so many rows on they do not fit a CPU's caches. */
const STREAM = { columns: 64, rows: 512 };
/** A workgroup's rows, where even so every core has several workgroups: the longer the streams, the better. */
const LONG_STREAMS = { rows: 4096, WORKGROUP: 256 };

/** Constants of the kernel that gives every row an invocation. */
function invocationConstants(rows: number, columns: number) {
  const { WORKGROUP, STREAMS } = invocationKernel.constants;
  const streams = rows >= STREAM.rows && columns >= STREAM.columns;
  return {
    WORKGROUP: streams && rows >= LONG_STREAMS.rows ? LONG_STREAMS.WORKGROUP : WORKGROUP.value,
    STREAMS: streams ? STREAMS.value : 1,
    ALIGNED: columns % 4 === 0 ? 1 : 0,
  };
}

/** (max, log sum of exp(x - max)) of every row of a [rows,columns] matrix, [rows,2]; reads it once. */
export function launchRowStatistics(
  tape: Tape,
  input: Tensor,
  { rows, columns, variant }: { rows: number; columns: number; variant: RowVariant },
): Tensor {
  const statistics = tape.empty([rows, 2]);
  const buffers = { input, statistics };
  const work = { bytes: rows * (4 * columns + 8), flops: 4 * rows * columns };
  if (variant === 'lanes') {
    const workgroups = ceilDivide(rows, lanesKernel.constants.ROWS.value);
    tape.run(lanesKernel, { buffers, params: { rows, columns }, workgroups, work });
  } else {
    const constants = invocationConstants(rows, columns);
    const workgroups = ceilDivide(rows, constants.WORKGROUP);
    tape.run(invocationKernel, { buffers, params: { rows, columns }, workgroups, constants, work });
  }
  return statistics;
}
