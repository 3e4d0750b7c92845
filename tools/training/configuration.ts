import type { ModelConfiguration, NetworkOptions } from '../../src/model/configuration.ts';
import type { GroupKind } from '../../src/train/parameter_groups.ts';
import type { OptionValues } from './config_file.ts';
import type { ScheduleChoice } from '../options.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import type { DatasetKind } from '../../src/data/image_dataset.ts';
import type { AdapterDescription } from '../../src/runtime/open.ts';

/** Splits that a run may be judged on after its epochs; `auto`: val where its pictures are there, else test. */
export type EvaluationChoice = 'auto' | 'val' | 'test' | 'none';

/** The built-in data set as it is to be drawn. */
export interface BirdletsConfiguration {
  readonly size: number;
  /** Pictures of train, val and test. */
  readonly images: readonly [train: number, val: number, test: number];
}

/** Everything that decides a run's numbers, all defaults filled in: what the options come to. */
export interface RunConfiguration {
  readonly data: {
    readonly folder: string;
    readonly kind: DatasetKind | 'auto';
    readonly metadata: string | null;
    /** Train on the lists' image_ids_proxy.txt. */
    readonly proxy: boolean;
    readonly onlyPresent: boolean;
    /** Turn pictures upright by their EXIF orientation. */
    readonly applyOrientation: boolean;
    readonly birdlets: BirdletsConfiguration | null;
  };
  readonly loading: {
    /** Decoding threads, which change no number; null: as many as suit the machine. */
    readonly workers: number | null;
    readonly onBadImage: 'stop' | 'skip';
  };
  readonly model: NetworkOptions;
  /** ImageNet weights to start the trunk from. */
  readonly weights: string | null;
  /** Take them over as the released code's loader does. */
  readonly official: boolean;
  readonly epochs: number;
  /** Images a step, over all processes. */
  readonly batch: number;
  /** Most images of a batch that go through the network at a time; null: all. */
  readonly microBatch: number | null;
  /** Train on an epoch's smaller last batch too. */
  readonly keepLastBatch: boolean;
  readonly resize: number;
  readonly crop: number;
  readonly seed: number;
  /** Steps between two checkpoints within an epoch; null: none. */
  readonly saveEvery: number | null;
  readonly trainer: Required<
    Pick<
      TrainerOptions,
      'learningRate' | 'fastFactor' | 'weightDecay' | 'momentum' | 'nesterov' | 'posterior' | 'onNonFinite'
    >
  > & { readonly groups: GroupKind };
  readonly schedule: ScheduleChoice;
  readonly warmupEpochs: number;
  readonly evaluation: { readonly split: EvaluationChoice; readonly every: number };
}

/** The pictures that a run trains on, without their pixels. */
export interface TrainingImages {
  readonly count: number;
  /** Of their labels and ids, in order. */
  readonly sha256: string;
}

/** One start of the command on a run. */
export interface RunSession {
  /** ISO 8601. */
  readonly started: string;
  /** The epoch it begins with, from 1, and the optimiser steps done before, over all epochs. */
  readonly firstEpoch: number;
  readonly steps: number;
  /** Of the slow group, before its schedule: --resume may change it. Sessions from before it could do not say. */
  readonly learningRate?: number;
  /** Absent in sessions from before it was kept. */
  readonly images?: TrainingImages;
  readonly adapter: AdapterDescription;
  readonly versions: Readonly<Record<string, string>>;
}

/** configuration.json: what was asked for, what came of it, and where it ran. */
export interface RunRecord {
  /** Every option of `calm train`, defaults filled in: what `--config` takes. */
  readonly options: OptionValues;
  readonly resolvedModel: ModelConfiguration;
  readonly classNames: readonly string[];
  readonly trainImages: number;
  /** The split that epochs are judged on, and its size; null for none. */
  readonly evaluated: { readonly split: 'val' | 'test'; readonly images: number } | null;
  readonly sessions: readonly RunSession[];
}
