import type { BatchSynchronization } from '../kernels/batch_norm/synchronization.ts';
import type { Communicator } from './communicator.ts';
import { ceilDivide } from '../runtime/grid.ts';
import { combineConstants } from '../kernels/batch_norm/slices.ts';
import { combineStatistics as combineKernel } from '../kernels/batch_norm/combine_statistics.wgsl.ts';

/**
 * Merges the moments of all processes, each [mean [C], biased variance [C], rows]: [mean [C], sum of squared deviations [C]] over all
 * rows, in float64 (Chan, Golub and LeVeque, 1979). Exported for its test.
 */
export function mergeMoments(gathered: Float32Array, channels: number): Float32Array {
  const length = 2 * channels + 1;
  const parts = gathered.length / length;
  const merged = new Float32Array(2 * channels);
  const at = (part: number, index: number): number => gathered[part * length + index] ?? 0;
  let rows = 0;
  for (let part = 0; part < parts; part++) rows += at(part, 2 * channels);
  for (let channel = 0; channel < channels; channel++) {
    let mean = 0;
    for (let part = 0; part < parts; part++) mean += at(part, 2 * channels) * at(part, channel);
    mean /= rows;
    let deviation = 0;
    for (let part = 0; part < parts; part++) {
      const distance = at(part, channel) - mean;
      deviation += at(part, 2 * channels) * (at(part, channels + channel) + distance * distance);
    }
    merged[channel] = mean;
    merged[channels + channel] = deviation;
  }
  return merged;
}

/** For batch norms of a rank that has `own` of a batch's `whole` images. */
export function synchronizeOver(
  communicator: Communicator,
  own: number,
  whole: number,
): BatchSynchronization {
  const wholeRows = (rows: number): number => Math.round((rows * whole) / own);
  return {
    wholeRows,
    mergeStatistics(tape, { mean, variance }, { runningMean, runningVariance }, options) {
      const { rows, momentum, tuning } = options;
      const { engine } = tape;
      const channels = mean.size;
      const means = tape.empty([channels]);
      const deviations = tape.empty([channels]);
      const work = engine.hostWorks.start([mean, variance], async (bytes) => {
        const values = new Float32Array(2 * channels + 1);
        values.set(new Float32Array(bytes));
        values[2 * channels] = rows;
        return mergeMoments(await communicator.allGatherFloats(values), channels);
      });
      engine.hostWorks.finish(work, [means, deviations]);
      // The second stage once more, for one slice that has all rows. It takes means relative to a first row: zeros here.
      const input = tape.empty([channels]);
      engine.clear(input);
      const all = wholeRows(rows);
      const constants = combineConstants(tuning);
      tape.run(combineKernel, {
        buffers: { input, means, deviations, runningMean, runningVariance, mean, variance },
        params: { rows: all, channels, bandRows: 1, phases: 1, steps: all, slices: 1, momentum },
        workgroups: ceilDivide(channels, constants.CHANNELS),
        constants,
        work: { bytes: 36 * channels, flops: 8 * channels },
      });
    },
    sum({ engine }, tensor) {
      const sum = (bytes: ArrayBuffer, room: Float32Array): Promise<Float32Array> =>
        communicator.allReduce(new Float32Array(bytes), room);
      engine.hostWorks.finish(engine.hostWorks.start([tensor], sum), [tensor]);
    },
  };
}
