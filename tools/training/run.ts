import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { CubDataset } from '../../src/data/cub.node.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Evaluation } from '../../src/train/evaluate.ts';
import type { Loader } from '../../src/data/loader.ts';
import type { Model } from '../../src/model/model.ts';
import type { RunConfiguration, RunSession } from './configuration.ts';
import type { RunData } from './data.ts';
import type { RunFolder } from './run_folder.ts';
import type { Schedule } from '../../src/train/schedule.ts';
import type { SgdGroup } from '../../src/kernels/sgd/sgd.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { trainingProgress } from '../progress.ts';
import { peakResidentBytes } from '../resources.ts';
import { readSafetensors } from '../../src/model/safetensors.node.ts';
import { resumeTraining } from '../../src/train/checkpoint.ts';
import { saveCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { versions } from '../version.ts';

/** The epoch with the best accuracy so far; of equals, the one with the lower negative log likelihood. */
interface BestEpoch {
  readonly epoch: number;
  readonly accuracy: number;
  readonly negativeLogLikelihood: number;
}

/** What is stored beside the weights: what explaining needs, and what carrying on needs. */
interface CheckpointInfo {
  readonly classNames: readonly string[];
  readonly crop: number;
  readonly best: BestEpoch | null;
}

/** A run about to begin, or to carry on. */
export interface RunStart {
  readonly engine: Engine;
  readonly folder: RunFolder;
  readonly configuration: RunConfiguration;
  readonly data: RunData;
  /** Where to carry on. */
  readonly checkpoint: Checkpoint | null;
  /** Sessions before this one. */
  readonly sessions: readonly RunSession[];
  /** Ends the run between two steps. */
  readonly signal: AbortSignal;
}

/** What a run did in this session. */
export interface RunResult {
  readonly epochsDone: number;
  readonly best: BestEpoch | null;
  /** Of the last epoch that was judged. */
  readonly evaluation: Evaluation | null;
  /** Images trained on, and the time it took. */
  readonly images: number;
  readonly seconds: number;
}

/** Trains the model of a configuration, and keeps its folder. Make one with `TrainingRun.open`. */
export class TrainingRun {
  readonly #start: RunStart;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #train: Loader;
  readonly #evaluated: Loader | null;
  #best: BestEpoch | null;
  #evaluation: Evaluation | null = null;
  #images = 0;
  #seconds = 0;

  private constructor(start: RunStart, model: Model, trainer: Trainer) {
    const { batch, resize, crop, seed } = start.configuration;
    const { train, evaluated } = start.data;
    this.#start = start;
    this.#model = model;
    this.#trainer = trainer;
    // Shuffled anew every epoch, so that no image is always among those left out.
    const dropLast = train.length >= batch;
    this.#train = createLoader(train, { batchSize: batch, mode: 'train', resize, crop, seed, dropLast });
    this.#evaluated =
      evaluated === null ? null : createLoader(evaluated, { batchSize: batch, mode: 'eval', crop });
    const info = start.checkpoint?.info as CheckpointInfo | null | undefined;
    this.#best = info?.best ?? null;
  }

  /** Builds the model, loads its weights or the checkpoint, and writes configuration.json. */
  static async open(start: RunStart): Promise<TrainingRun> {
    const { engine, configuration, checkpoint, data, folder, sessions } = start;
    const model = createModel(engine, { ...configuration.model, classes: data.train.classNames.length });
    if (checkpoint === null && configuration.weights !== null)
      model.loadTrunk((await readSafetensors(configuration.weights)).tensors);
    // After the weights: a slow copy starts as what is there.
    const trainer = createTrainer(model, trainerOptions(model, configuration));
    if (checkpoint !== null) resumeTraining(trainer, checkpoint);
    const run = new TrainingRun(start, model, trainer);
    // Only now, when all options have turned out to fit: a folder with a record in it is taken for a run.
    const session: RunSession = {
      started: new Date().toISOString(),
      firstEpoch: trainer.epochsDone + 1,
      adapter: engine.adapter,
      versions,
    };
    await folder.writeRecord({
      ...configuration,
      resolvedModel: model.configuration,
      classNames: data.train.classNames,
      trainImages: data.train.length,
      evaluated: describeSplit(data.evaluated),
      sessions: [...sessions, session],
    });
    folder.addLine({ kind: 'session', ...session, steps: trainer.steps });
    return run;
  }

  get epochsDone(): number {
    return this.#trainer.epochsDone;
  }

  /** Trains up to the last epoch. Rejects with the signal's reason after it has been saved where it stands. */
  async run(): Promise<RunResult> {
    const { configuration, data, signal } = this.#start;
    const { epochs } = configuration;
    const split = data.evaluated?.split === 'test' ? 'test' : 'validation';
    const stepsPerEpoch = this.#train.batchesPerEpoch;
    const first = this.#trainer.epochsDone + 1;
    const progress = trainingProgress('training', first, epochs, stepsPerEpoch, split);
    try {
      for (let epoch = first; epoch <= epochs; epoch++) {
        const summary = await this.#trainer.trainEpoch(this.#train.epoch(epoch), {
          epoch,
          stepsPerEpoch,
          signal,
          onStep: (event) => {
            progress.onStep(event);
            const { step, loss, accuracy, learningRate, seconds } = event;
            this.#start.folder.addLine({ kind: 'step', epoch, step, loss, accuracy, learningRate, seconds });
          },
        });
        this.#images += summary.images;
        this.#seconds += summary.seconds;
        this.#start.folder.addLine({ kind: 'epoch', ...summary, peakMemory: peakResidentBytes() });
        const validation = await this.#evaluate(epoch);
        progress.onEpoch(validation === null ? summary : { ...summary, validation });
        await this.#save();
      }
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
      await this.#save();
      throw error;
    } finally {
      progress.stop();
    }
    return {
      epochsDone: this.#trainer.epochsDone,
      best: this.#best,
      evaluation: this.#evaluation,
      images: this.#images,
      seconds: this.#seconds,
    };
  }

  dispose(): void {
    this.#trainer.dispose();
    this.#model.dispose();
  }

  /** Judges an epoch when its turn has come, and keeps the model if it is the best so far. */
  async #evaluate(epoch: number): Promise<Evaluation | null> {
    const { configuration, data, folder, signal } = this.#start;
    const { evaluation: wanted, epochs } = configuration;
    if (this.#evaluated === null || data.evaluated === null) return null;
    if (epoch % wanted.every !== 0 && epoch !== epochs) return null;
    const evaluation = await this.#trainer.evaluate(this.#evaluated.epoch(0), { signal });
    const { accuracy, negativeLogLikelihood, images, seconds } = evaluation;
    const { split } = data.evaluated;
    folder.addLine({
      kind: 'evaluation',
      epoch,
      split,
      images,
      accuracy,
      negativeLogLikelihood,
      seconds,
    });
    this.#evaluation = evaluation;
    const best = this.#best;
    if (
      best === null ||
      accuracy > best.accuracy ||
      (accuracy === best.accuracy && negativeLogLikelihood < best.negativeLogLikelihood)
    ) {
      this.#best = { epoch, accuracy, negativeLogLikelihood };
      await saveModel(folder.best, this.#model, this.#info());
    }
    return evaluation;
  }

  #save(): Promise<void> {
    return saveCheckpoint(this.#start.folder.last, this.#trainer, this.#info());
  }

  #info(): CheckpointInfo {
    const { configuration, data } = this.#start;
    return { classNames: data.train.classNames, crop: configuration.crop, best: this.#best };
  }
}

function trainerOptions(model: Model, configuration: RunConfiguration): Parameters<typeof createTrainer>[1] {
  const { trainer, groups, schedule, warmupEpochs, epochs, microBatch } = configuration;
  const fullSchedule: Schedule =
    schedule.kind === 'cosine' ? { ...schedule, epochs, warmupEpochs } : { ...schedule, warmupEpochs };
  const oneGroup = (): SgdGroup[] => {
    const trainable = model.parameters.entries.filter(({ value }) => value.requiresGradient);
    const { learningRate, weightDecay } = trainer;
    return [{ parameters: trainable.map(({ name }) => name), learningRate, weightDecay }];
  };
  return {
    ...trainer,
    ...(microBatch === null ? {} : { microBatchSize: microBatch }),
    schedule: fullSchedule,
    fineTune: groups === 'fine-tune',
    ...(groups === 'one' ? { groups: oneGroup() } : {}),
  };
}

function describeSplit(
  dataset: CubDataset | null,
): { readonly split: 'val' | 'test'; readonly images: number } | null {
  if (dataset === null || dataset.split === 'train') return null;
  return { split: dataset.split, images: dataset.length };
}
