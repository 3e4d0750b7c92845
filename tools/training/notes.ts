/** Lines for people about a run that is about to begin or to carry on. */
import type { RunStart } from './run.ts';
import type { TrunkLoad } from '../../src/model/model.ts';
import { counted } from '../../src/report/counted.ts';
import { trainingImages } from './same_data.ts';
import { versions } from '../version.ts';

/** What became of the weights that a trunk was to start from. */
export function describeLoad({ loaded, ignored, kept }: TrunkLoad): string {
  const list = (what: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `; ${what}: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ', ...' : ''}`;
  const unused = list(`${ignored.length} of no use`, ignored);
  return `--weights: ${loaded.length} tensors taken over${unused}${list(`${kept.length} left as they start`, kept)}`;
}

/** What options lead to that one may not have meant. */
export function surprises({ configuration, data }: Pick<RunStart, 'configuration' | 'data'>): string[] {
  const { batch, microBatch } = configuration;
  const images = data.train.length;
  const notes: string[] = [];
  if (batch > images)
    notes.push(`--batch ${batch}: there are ${images} images to train on, one smaller batch an epoch`);
  if (microBatch !== null && microBatch >= Math.min(batch, images))
    notes.push(`--micro-batch ${microBatch}: no batch is larger, so it changes nothing`);
  return notes;
}

/** What a run's numbers depend on, or may, that is no longer as in its last session. */
export function changes({
  engine,
  sessions,
  configuration,
  data,
}: Pick<RunStart, 'engine' | 'sessions' | 'configuration' | 'data'>): string[] {
  const last = sessions.at(-1);
  if (last === undefined) return [];
  const { learningRate } = configuration.trainer;
  const before = last.learningRate ?? learningRate;
  const images = trainingImages(data.train);
  const { images: known = images } = last;
  const differences = [
    [
      'adapter',
      `${last.adapter.name} (${last.adapter.driver})`,
      `${engine.adapter.name} (${engine.adapter.driver})`,
    ],
    ...Object.entries(versions).map(([name, version]) => [name, last.versions[name], version]),
  ].filter(([, then, now]) => then !== now);
  return [
    ...(before === learningRate ? [] : [`--resume: --lr was ${before}, is ${learningRate} from here on`]),
    ...(known.sha256 === images.sha256
      ? []
      : [
          `--resume: the ${counted(images.count, 'image')} to train on are not the ${known.count} of the last session: ` +
            'batches are others than those of an uninterrupted run',
        ]),
    ...differences.map(
      ([what, then, now]) =>
        `--resume: ${what} was ${then}, is ${now}: the numbers may differ from an uninterrupted run's in their last bits`,
    ),
  ];
}
