/** A training run of the page as a checkpoint: what `calm train` writes, with the page's settings and curves in its info. */
import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { CurvePoint, TrainingSettings, ValidationPoint } from '../protocol.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { checkpointContent, parseCheckpoint } from '../../src/train/checkpoint.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { CROP } from '../../tools/start/settings.ts';
import { InputError } from './failure.ts';
import { judgementOf } from '../../tools/training/checkpoint_info.ts';
import { readWeights } from '../../src/model/files/open_weights.ts';
import { serializeSafetensors } from '../../src/model/safetensors.ts';

/** What the page shows of a run beside its weights. */
interface Curves {
  readonly points: readonly CurvePoint[];
  readonly validation: readonly ValidationPoint[];
}

/** How far a run is beside its weights. */
export interface RunPosition extends Curves {
  /** The last epoch whose validation is done. */
  readonly judged: number;
}

export interface TrainingFile extends RunPosition {
  readonly checkpoint: Checkpoint;
  readonly settings: TrainingSettings;
}

/** To be made between two steps. */
export async function writeTrainingFile(
  trainer: Trainer,
  settings: TrainingSettings,
  classNames: readonly string[],
  { points, validation, judged }: RunPosition,
): Promise<Uint8Array> {
  const info = { classNames, crop: CROP, judged, birdlets: { settings, points, validation } };
  const { tensors, metadata } = await checkpointContent(trainer, info);
  return serializeSafetensors(tensors, metadata);
}

/** Throws InputError unless the settings are whole numbers that can be trained with. */
export function checkSettings(settings: TrainingSettings): TrainingSettings {
  const { seed, epochs, pictures, batch } = settings;
  for (const [name, value, low, high] of [
    ['The seed', seed, 0, 2 ** 31 - 1],
    ['The number of epochs', epochs, 1, 1000],
    ['The number of pictures', pictures, 12, 100_000],
    ['The batch', batch, 2, 512],
  ] as const) {
    if (!Number.isInteger(value) || value < low || value > high)
      throw new InputError(`${name} is ${String(value)}, wanted a whole number from ${low} to ${high}.`);
  }
  if (batch > pictures) throw new InputError(`A batch of ${batch} is more than ${pictures} pictures.`);
  return { seed, epochs, pictures, batch };
}

/** Rejects with an InputError for a file that this page did not save, and a CalmError for a damaged one. */
export async function readTrainingFile(file: Blob | Uint8Array, name: string): Promise<TrainingFile> {
  const weights = await readWeights(file, { name });
  const metadata = checkpointMetadata(weights);
  if (!metadata.has('model'))
    throw new InputError(
      `${name} is no training checkpoint of this page. The Explain page takes other models.`,
    );
  const checkpoint = parseCheckpoint({ metadata, tensors: weights.tensors });
  const birdlets = (
    checkpoint.info as { birdlets?: Partial<Curves> & { settings?: TrainingSettings } } | null
  )?.birdlets;
  if (birdlets?.settings === undefined || checkpoint.training === null)
    throw new InputError(
      `${name} is no training checkpoint of this page. The Explain page takes other models.`,
    );
  return {
    checkpoint,
    settings: checkSettings(birdlets.settings),
    points: birdlets.points ?? [],
    validation: birdlets.validation ?? [],
    judged: judgementOf(checkpoint).judged,
  };
}
