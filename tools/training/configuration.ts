import type { ModelConfiguration, ModelOptions } from '../../src/model/configuration.ts';
import type { ScheduleChoice } from '../options.ts';
import type { TrainerOptions } from '../../src/train/trainer.ts';
import type { AdapterDescription } from '../../src/runtime/open.ts';

/** Splits that a run may be judged on after its epochs; `auto`: val where its pictures are there, else test. */
export type EvaluationChoice = 'auto' | 'val' | 'test' | 'none';

/**
 * Who learns at ten times the rate: with `official` everything but the released code's slow group (conv1, layer1, layer2, layer3),
 * with `fine-tune` the head alone, with `one` nobody.
 */
export type ParameterGroups = 'official' | 'fine-tune' | 'one';

/** The built-in data set as it is to be drawn. */
export interface BirdletsConfiguration {
  readonly size: number;
  /** Pictures of train, val and test. */
  readonly images: readonly [train: number, val: number, test: number];
}

/** Everything that decides a run's numbers: plain JSON, all defaults filled in. */
export interface RunConfiguration {
  readonly data: {
    readonly folder: string;
    readonly metadata: string | null;
    readonly onlyPresent: boolean;
    readonly birdlets: BirdletsConfiguration | null;
  };
  readonly model: Omit<ModelOptions, 'classes'>;
  /** ImageNet weights to start the trunk from. */
  readonly weights: string | null;
  readonly epochs: number;
  readonly batch: number;
  /** Most images of a batch that go through the network at a time; null: all. */
  readonly microBatch: number | null;
  readonly resize: number;
  readonly crop: number;
  readonly seed: number;
  readonly trainer: Required<
    Pick<TrainerOptions, 'learningRate' | 'weightDecay' | 'momentum' | 'nesterov' | 'posterior'>
  >;
  readonly groups: ParameterGroups;
  readonly schedule: ScheduleChoice;
  readonly warmupEpochs: number;
  readonly evaluation: { readonly split: EvaluationChoice; readonly every: number };
}

/** One start of the command on a run. */
export interface RunSession {
  /** ISO 8601. */
  readonly started: string;
  /** The epoch it begins with, from 1. */
  readonly firstEpoch: number;
  readonly adapter: AdapterDescription;
  readonly versions: Readonly<Record<string, string>>;
}

/** configuration.json: what was asked for, what came of it, and where it ran. */
export interface RunRecord extends RunConfiguration {
  readonly resolvedModel: ModelConfiguration;
  readonly classNames: readonly string[];
  readonly trainImages: number;
  /** The split that epochs are judged on, and its size; null for none. */
  readonly evaluated: { readonly split: 'val' | 'test'; readonly images: number } | null;
  readonly sessions: readonly RunSession[];
}
