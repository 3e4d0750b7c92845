/** The options of `calm train` as commander gives them, and the run that they describe. */
import type { BirdletsConfiguration, EvaluationChoice, RunConfiguration } from './configuration.ts';
import type { Command } from 'commander';
import type { DatasetKind } from '../../src/data/image_dataset.ts';
import type { GroupKind } from '../../src/train/parameter_groups.ts';
import type { ModelChoice, ResNetChoice, ScheduleChoice } from '../options.ts';
import type { NetworkOptions } from '../../src/model/configuration.ts';
import type { PosteriorSource } from '../../src/train/slow_posterior.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { join, resolve } from 'node:path';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { outputStride, trunkOptions } from '../options.ts';
import { LARGEST_CROP } from './checkpoint_info.ts';

export interface TrainOptions extends ModelChoice, ResNetChoice {
  readonly data?: string;
  readonly dataset: DatasetKind | 'auto';
  readonly metadata?: string;
  readonly proxy?: true;
  readonly onlyPresent?: true;
  readonly applyOrientation?: true;
  readonly workers?: number;
  readonly onBadImage: 'stop' | 'skip';
  readonly onNan: 'stop' | 'skip';
  readonly birdlets?: true;
  readonly birdletsSize: number;
  readonly birdletsImages: readonly number[];
  readonly weights?: string;
  readonly freeze?: readonly string[];
  readonly recompute?: true;
  readonly posterior: PosteriorSource;
  readonly epochs: number;
  readonly batch: number;
  /** Images a step over all processes. */
  readonly globalBatch?: number;
  readonly syncBatchNorm?: true;
  readonly rankTimeout: number;
  readonly microBatch?: number;
  readonly lr: number;
  readonly groups: GroupKind;
  readonly fastFactor: number;
  readonly keepLastBatch?: true;
  readonly initialisation: 'torchvision' | 'official';
  readonly weightDecay: number;
  readonly momentum: number;
  readonly schedule: ScheduleChoice;
  readonly warmup: number;
  readonly crop?: number;
  readonly resize?: number;
  readonly seed: number;
  readonly evaluate: EvaluationChoice;
  readonly evaluateEvery: number;
  readonly out?: string;
  readonly saveEvery?: number;
  readonly config?: string;
  readonly printConfig?: true;
  readonly resume?: true;
  readonly adapter?: string;
}

function birdletsOf({ birdlets, birdletsSize, birdletsImages }: TrainOptions): BirdletsConfiguration | null {
  const [train = 0, val = 0, test = 0] = birdletsImages;
  return birdlets === true ? { size: birdletsSize, images: [train, val, test] } : null;
}

/** The network that the options describe. Throws ArgumentError when there is none, or none for images of that side. */
function networkOf(options: TrainOptions, crop: number): NetworkOptions {
  const { architecture, head: kind = 'calm-em', official = false } = options;
  const network = {
    ...trunkOptions(options, outputStride(options)),
    head: { kind, official },
    initialisation: options.initialisation,
    frozen: options.freeze ?? [],
    recompute: options.recompute ?? false,
    seed: options.seed,
  };
  // Here, before anything is drawn or written; how many classes there are does not matter.
  const { smallestSide } = buildTrunk(modelConfiguration({ ...network, classes: 1 }));
  if (crop < smallestSide)
    throw new ArgumentError(`--crop is ${crop}, wanted at least ${smallestSide} for ${architecture}`);
  if (crop > LARGEST_CROP) throw new ArgumentError(`--crop is ${crop}, wanted at most ${LARGEST_CROP}`);
  return network;
}

/**
 * What --official stands for, besides the head's form and how weights are taken over (`TrunkImportOptions`): the released code's trainer where it does otherwise than what is the default here.
 * Learning rate, batch, epochs, schedule, momentum, decay, resizing and crop are the released code's by default.
 */
const OFFICIAL = { groups: 'official', keepLastBatch: true, initialisation: 'official' } as const;

/** Fills in what follows from other options: what --official stands for, and the sides of crop and resized picture. */
export function completeOptions(command: Command): void {
  const set = (name: string, value: unknown): void => {
    const source = command.getOptionValueSource(name);
    if (source === undefined || source === 'default')
      command.setOptionValueWithSource(name, value, 'implied');
  };
  const { official, birdlets, birdletsSize } = command.opts<TrainOptions>();
  if (official === true) for (const [name, value] of Object.entries(OFFICIAL)) set(name, value);
  set('crop', birdlets === true ? birdletsSize : 224);
  const { crop = 224 } = command.opts<TrainOptions>();
  set('resize', Math.round((crop * 256) / 224));
}

/**
 * Options to a configuration without gaps, for a run of so many processes. Paths become absolute, so that a run can be carried on from
 * anywhere.
 */
export function configurationOf(options: TrainOptions, processes = 1): RunConfiguration {
  const birdlets = birdletsOf(options);
  const { data, metadata, weights } = options;
  if (data === undefined && birdlets === null)
    throw new ArgumentError('calm train: nothing to train on, wanted --data FOLDER or --birdlets');
  const { crop = 224, resize = 256, out = '' } = options;
  const optional = (path: string | undefined): string | null => (path === undefined ? null : resolve(path));
  return {
    data: {
      folder: resolve(data ?? join(out, 'birdlets')),
      kind: options.dataset,
      metadata: optional(metadata),
      proxy: options.proxy ?? false,
      onlyPresent: options.onlyPresent ?? false,
      applyOrientation: options.applyOrientation ?? false,
      birdlets,
    },
    loading: { workers: options.workers ?? null, onBadImage: options.onBadImage },
    model: networkOf(options, crop),
    weights: optional(weights),
    official: options.official ?? false,
    epochs: options.epochs,
    batch: options.globalBatch ?? options.batch * processes,
    microBatch: options.microBatch ?? null,
    keepLastBatch: options.keepLastBatch ?? false,
    resize,
    crop,
    seed: options.seed,
    saveEvery: options.saveEvery ?? null,
    trainer: {
      learningRate: options.lr,
      groups: options.groups,
      fastFactor: options.fastFactor,
      weightDecay: options.weightDecay,
      momentum: options.momentum,
      nesterov: options.momentum > 0,
      posterior: options.posterior,
      onNonFinite: options.onNan,
    },
    schedule: options.schedule,
    warmupEpochs: options.warmup,
    evaluation: { split: options.evaluate, every: options.evaluateEvery },
  };
}
