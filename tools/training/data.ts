import type { DecoderPool } from '../../src/data/decoder_pool.node.ts';
import type { ImageDataset, Split } from '../../src/data/image_dataset.ts';
import type { RunConfiguration } from './configuration.ts';
import { alone } from '../../src/distributed/communicator.ts';
import { countingProgress } from '../progress.ts';
import { createDecoderPool, defaultWorkers } from '../../src/data/decoder_pool.node.ts';
import { DatasetError } from '../../src/data/dataset.ts';
import { openDataset } from '../../src/data/open_dataset.node.ts';
import { writeBirdlets } from '../../src/data/birdlets/write.node.ts';

/** The pictures of a run. */
export interface RunData {
  readonly train: ImageDataset;
  /** What epochs are judged on. */
  readonly evaluated: ImageDataset | null;
  /** Decodes for both. Whoever opened the data disposes of it. */
  readonly decoder: DecoderPool;
  /** Lines for people, such as why the test split is used. */
  readonly notes: readonly string[];
}

/**
 * Opens the splits, after drawing the built-in data set where it is wanted. `software`: the kernels run on the same cores as decoding.
 * Throws DatasetError, saying what is missing.
 */
export async function openData(
  configuration: Pick<RunConfiguration, 'data' | 'loading' | 'evaluation' | 'seed'>,
  software = false,
  communicator = alone,
): Promise<RunData> {
  const { data, evaluation, loading, seed } = configuration;
  const { folder, kind, metadata, proxy, onlyPresent, applyOrientation, birdlets } = data;
  if (birdlets !== null && communicator.rank === 0) {
    const [train, val, test] = birdlets.images;
    const onProgress = countingProgress('drawing birdlets');
    await writeBirdlets(folder, { size: birdlets.size, train, val, test, seed, onProgress });
  }
  // What the first process has drawn the others read.
  if (birdlets !== null) await communicator.barrier();
  const open = (split: Split): Promise<ImageDataset> =>
    openDataset({
      folder,
      split,
      kind,
      proxy,
      onlyPresent,
      applyOrientation,
      seed,
      ...(metadata === null ? {} : { metadata }),
    });
  const train = await open('train');
  const { evaluated, notes } = await openEvaluated(evaluation.split, open);
  const decoder = createDecoderPool({ workers: loading.workers ?? defaultWorkers({ software }) });
  return { train, evaluated, decoder, notes };
}

async function openEvaluated(
  wanted: RunConfiguration['evaluation']['split'],
  open: (split: Split) => Promise<ImageDataset>,
): Promise<Pick<RunData, 'evaluated' | 'notes'>> {
  if (wanted === 'none') return { evaluated: null, notes: [] };
  if (wanted !== 'auto') return { evaluated: await open(wanted), notes: [] };
  const notes: string[] = [];
  for (const split of ['val', 'test'] as const) {
    try {
      return { evaluated: await open(split), notes };
    } catch (error) {
      if (!(error instanceof DatasetError)) throw error;
      const [reason = ''] = error.message.split('\n');
      const instead =
        split === 'val'
          ? "Epochs are judged on the test split: the best one's accuracy is too good, the last one's is fair."
          : 'Epochs are not judged.';
      notes.push(`${reason}. ${instead}`);
    }
  }
  return { evaluated: null, notes: notes.slice(1) };
}
