import type { CubDataset, CubOptions } from '../../src/data/cub.node.ts';
import type { RunConfiguration } from './configuration.ts';
import { countingProgress } from '../progress.ts';
import { DatasetError } from '../../src/data/dataset.ts';
import { openCub } from '../../src/data/cub.node.ts';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';

/** The pictures of a run. */
export interface RunData {
  readonly train: CubDataset;
  /** What epochs are judged on. */
  readonly evaluated: CubDataset | null;
  /** Lines for people, such as why the test split is used. */
  readonly notes: readonly string[];
}

/** Opens the splits, after drawing the built-in data set where it is wanted. Throws DatasetError, saying what is missing. */
export async function openData({ data, evaluation, seed }: RunConfiguration): Promise<RunData> {
  const { folder, metadata, onlyPresent, birdlets } = data;
  if (birdlets !== null) {
    const [train, val, test] = birdlets.images;
    const onProgress = countingProgress('drawing birdlets');
    await writeBirdlets(folder, { size: birdlets.size, train, val, test, seed, onProgress });
  }
  const open = (split: CubOptions['split']): Promise<CubDataset> =>
    openCub({ folder, split, onlyPresent, ...(metadata === null ? {} : { metadata }) });
  const train = await open('train');
  switch (evaluation.split) {
    case 'none':
      return { train, evaluated: null, notes: [] };
    case 'val':
    case 'test':
      return { train, evaluated: await open(evaluation.split), notes: [] };
    case 'auto':
      try {
        return { train, evaluated: await open('val'), notes: [] };
      } catch (error) {
        if (!(error instanceof DatasetError)) throw error;
        const [reason = ''] = error.message.split('\n');
        const note = `${reason}. Epochs are judged on the test split: the best one's accuracy is too good, the last one's is fair.`;
        return { train, evaluated: await open('test'), notes: [note] };
      }
  }
}
