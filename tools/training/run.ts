import type { BestEpoch, CheckpointInfo } from './checkpoint_info.ts';
import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Evaluation } from '../../src/train/evaluate.ts';
import type { BadImage, Loader } from '../../src/data/loader.ts';
import type { ImageDataset, Split } from '../../src/data/image_dataset.ts';
import type { Model, TrunkLoad } from '../../src/model/model.ts';
import type { RunConfiguration, RunSession } from './configuration.ts';
import type { RunData } from './data.ts';
import type { RunFolder } from './run_folder.ts';
import type { EpochSummary } from '../../src/train/epoch.ts';
import type { OptionValues } from './config_file.ts';
import type { Trainer, TrainerOptions } from '../../src/train/trainer.ts';
import type { TrainingProgress } from '../progress.ts';
import { changes, describeLoad, surprises } from './notes.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { trainingProgress } from '../progress.ts';
import { isBetter, judgementOf } from './checkpoint_info.ts';
import { RunCurves } from './curves.ts';
import { peakResidentBytes } from '../resources.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { resumeTraining } from '../../src/train/checkpoint.ts';
import { saveCheckpoint, saveModel } from '../../src/train/checkpoint.node.ts';
import { versions } from '../version.ts';

/** A run about to begin, or to carry on. */
export interface RunStart {
  readonly engine: Engine;
  readonly folder: RunFolder;
  readonly configuration: RunConfiguration;
  /** For configuration.json. */
  readonly options: OptionValues;
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
  /** Images trained on in this session, and the time it took. */
  readonly images: number;
  readonly seconds: number;
  /** Pictures that could not be decoded in this session. */
  readonly skipped: readonly BadImage[];
}

/** Trains the model of a configuration, and keeps its folder. Make one with `TrainingRun.open`. */
export class TrainingRun {
  readonly #start: RunStart;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #load: TrunkLoad | null;
  readonly #train: Loader;
  readonly #evaluated: Loader | null;
  readonly #curves: RunCurves;
  /** Skipped pictures that have their line in the log. */
  readonly #logged = new Set<string>();
  #best: BestEpoch | null;
  #judged: number;
  #evaluation: Evaluation | null = null;
  #images = 0;
  #seconds = 0;

  private constructor(start: RunStart, model: Model, trainer: Trainer, load: TrunkLoad | null) {
    const { batch, resize, crop, seed, keepLastBatch, loading } = start.configuration;
    const { train, evaluated, decoder } = start.data;
    // No signal: what is ready when an interruption comes is still trained on and saved.
    const common = { batchSize: batch, crop, decoder, onBadImage: loading.onBadImage };
    this.#start = start;
    this.#model = model;
    this.#trainer = trainer;
    this.#load = load;
    // Shuffled anew every epoch, so that no image is always among those left out.
    const dropLast = !keepLastBatch && train.length >= batch;
    this.#train = createLoader(train, { ...common, mode: 'train', resize, seed, dropLast });
    this.#evaluated = evaluated === null ? null : createLoader(evaluated, { ...common, mode: 'eval' });
    this.#curves = new RunCurves(start.folder.path, trainer.steps + 1);
    const { best, judged } =
      start.checkpoint === null ? { best: null, judged: 0 } : judgementOf(start.checkpoint);
    this.#best = best;
    this.#judged = judged;
  }

  /** Builds the model, loads its weights or the checkpoint, and writes configuration.json. */
  static async open(start: RunStart): Promise<TrainingRun> {
    const { engine, configuration, checkpoint, data, folder, sessions } = start;
    const model = createModel(engine, { ...configuration.model, classes: data.train.classNames.length });
    const load = checkpoint === null ? await loadWeights(model, configuration) : null;
    // After the weights: a slow copy starts as what is there.
    const trainer = createTrainer(model, trainerOptions(configuration));
    if (checkpoint !== null) resumeTraining(trainer, checkpoint);
    const { progress, epochsDone } = trainer;
    if (checkpoint !== null)
      await folder.rewind({ epochsDone, progress, judged: judgementOf(checkpoint).judged });
    const run = new TrainingRun(start, model, trainer, load);
    // Only now, when all options have turned out to fit: a folder with a record in it is taken for a run.
    const session: RunSession = {
      started: new Date().toISOString(),
      firstEpoch: epochsDone + 1,
      steps: trainer.steps,
      adapter: engine.adapter,
      versions,
    };
    await folder.writeRecord({
      options: start.options,
      resolvedModel: model.configuration,
      classNames: data.train.classNames,
      trainImages: data.train.length,
      evaluated: describeSplit(data.evaluated),
      sessions: [...sessions, session],
    });
    folder.addLine({ kind: 'session', ...session });
    if (checkpoint === null) run.#curves.addOptions(start.options);
    return run;
  }

  /** Whether something is left of the last epoch that was trained: its evaluation. */
  static isUnfinished(checkpoint: Checkpoint): boolean {
    return judgementOf(checkpoint).judged < (checkpoint.training?.epochsDone ?? 0);
  }

  /** Where it stands, in words. */
  get position(): string {
    const { epochsDone, progress } = this.#trainer;
    if (progress === null) return `epoch ${epochsDone}`;
    return `step ${progress.step} of ${this.#train.batchesPerEpoch} of epoch ${progress.epoch}`;
  }

  /** What the options lead to that one may not have meant, and what has changed since the run began. */
  get notes(): readonly string[] {
    const loaded = this.#load === null ? [] : [describeLoad(this.#load)];
    return [...loaded, ...surprises(this.#start), ...changes(this.#start)];
  }

  /** Trains up to the last epoch. Rejects with the signal's reason after it has been saved where it stands. */
  async run(): Promise<RunResult> {
    const { configuration, data, signal } = this.#start;
    const { epochs } = configuration;
    const split = data.evaluated?.split === 'test' ? 'test' : 'validation';
    const stepsPerEpoch = this.#train.batchesPerEpoch;
    const first = this.#trainer.epochsDone + 1;
    const firstBatch = this.#trainer.firstBatch(first);
    const progress = trainingProgress('training', first, epochs, stepsPerEpoch, split, firstBatch);
    try {
      // An interruption may have come between an epoch and its evaluation.
      if (this.#judged < this.#trainer.epochsDone) {
        await this.#evaluate(this.#trainer.epochsDone);
        await this.#save();
      }
      for (let epoch = first; epoch <= epochs; epoch++) {
        const summary = await this.#trainEpoch(epoch, progress);
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
      skipped: [this.#train, this.#evaluated].flatMap((loader) => loader?.statistics().badImages ?? []),
    };
  }

  dispose(): void {
    this.#train.dispose();
    this.#evaluated?.dispose();
    this.#trainer.dispose();
    this.#model.dispose();
  }

  async #trainEpoch(epoch: number, progress: TrainingProgress): Promise<EpochSummary> {
    const { configuration, folder, signal } = this.#start;
    const { saveEvery } = configuration;
    const firstBatch = this.#trainer.firstBatch(epoch);
    const stepsBefore = this.#trainer.steps - firstBatch;
    this.#curves.beginEpoch();
    const summary = await this.#trainer.trainEpoch(this.#train.epoch(epoch, firstBatch), {
      epoch,
      stepsPerEpoch: this.#train.batchesPerEpoch,
      signal,
      ...(saveEvery === null ? {} : { checkpointEvery: saveEvery }),
      onCheckpoint: () => this.#save(),
      onStep: (event) => {
        progress.onStep(event);
        const { step, loss, accuracy, learningRate, seconds, batchSize } = event;
        folder.addLine({ kind: 'step', epoch, step, loss, accuracy, learningRate, seconds });
        this.#curves.addStep(stepsBefore + step, event);
        this.#images += batchSize;
      },
    });
    this.#seconds += summary.seconds;
    const skipped = this.#logSkipped(this.#train, 'train', epoch);
    folder.addLine({ kind: 'epoch', ...summary, skipped, peakMemory: peakResidentBytes() });
    return summary;
  }

  /** Judges an epoch when its turn has come, and keeps the model if it is the best so far. */
  async #evaluate(epoch: number): Promise<Evaluation | null> {
    const { configuration, data, folder, signal } = this.#start;
    const { evaluation: wanted, epochs } = configuration;
    const isDue = epoch % wanted.every === 0 || epoch === epochs;
    if (this.#evaluated === null || data.evaluated === null || !isDue) {
      this.#judged = epoch;
      return null;
    }
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
      skipped: this.#logSkipped(this.#evaluated, split, epoch),
    });
    this.#curves.addEvaluation(this.#trainer.steps, split, evaluation);
    this.#evaluation = evaluation;
    this.#judged = epoch;
    if (isBetter(evaluation, this.#best)) {
      this.#best = { epoch, accuracy, negativeLogLikelihood };
      await saveModel(folder.best, this.#model, this.#info());
    }
    return evaluation;
  }

  /** Logs each picture that had to be skipped when it is met first; returns how many there are by now. */
  #logSkipped(loader: Loader, split: Split, epoch: number): number {
    const { badImages } = loader.statistics();
    for (const { id, message } of badImages) {
      const name = `${split}/${id}`;
      if (this.#logged.has(name)) continue;
      this.#logged.add(name);
      this.#start.folder.addLine({ kind: 'skipped image', epoch, split, id, message });
    }
    return badImages.length;
  }

  #save(): Promise<void> {
    return saveCheckpoint(this.#start.folder.last, this.#trainer, this.#info());
  }

  #info(): CheckpointInfo {
    const { configuration, data } = this.#start;
    return {
      classNames: data.train.classNames,
      crop: configuration.crop,
      best: this.#best,
      judged: this.#judged,
    };
  }
}

/** Starts the trunk from the run's weights; null where it has none. */
async function loadWeights(model: Model, { weights, official }: RunConfiguration): Promise<TrunkLoad | null> {
  if (weights === null) return null;
  const { tensors } = await readWeightsFile(weights);
  return model.loadTrunk(tensors, { official });
}

function trainerOptions({
  trainer,
  schedule,
  warmupEpochs,
  epochs,
  microBatch,
}: RunConfiguration): TrainerOptions {
  return {
    ...trainer,
    ...(microBatch === null ? {} : { microBatchSize: microBatch }),
    schedule:
      schedule.kind === 'cosine' ? { ...schedule, epochs, warmupEpochs } : { ...schedule, warmupEpochs },
  };
}

function describeSplit(
  dataset: ImageDataset | null,
): { readonly split: 'val' | 'test'; readonly images: number } | null {
  if (dataset === null || dataset.split === 'train') return null;
  return { split: dataset.split, images: dataset.length };
}
