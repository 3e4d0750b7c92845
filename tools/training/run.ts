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
import type { DataParallel } from '../../src/distributed/data_parallel.ts';
import type { EpochSummary } from '../../src/train/epoch.ts';
import type { NonFiniteStep } from '../../src/train/non_finite.ts';
import type { OptionValues } from './config_file.ts';
import type { Trainer, TrainerOptions } from '../../src/train/trainer.ts';
import type { TrainingProgress } from '../progress.ts';
import { alone, gatherJson } from '../../src/distributed/communicator.ts';
import { changes, describeLoad, surprises } from './notes.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { checkSameClasses, trainingImages } from './same_data.ts';
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
  /** Other processes that train the same run. Default: none. */
  readonly parallel?: DataParallel | null;
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
  /** Steps left out in this session since their numbers were not finite. */
  readonly skippedSteps: readonly NonFiniteStep[];
}

/** Trains the model of a configuration, and keeps its folder. Make one with `TrainingRun.open`. */
export class TrainingRun {
  readonly #start: RunStart;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #load: TrunkLoad | null;
  readonly #train: Loader;
  readonly #evaluated: Loader | null;
  readonly #curves: RunCurves | null;
  /** Skipped pictures that have their line in the log, by split and id. */
  readonly #skipped = new Map<string, BadImage>();
  #best: BestEpoch | null;
  #judged: number;
  #evaluation: Evaluation | null = null;
  #images = 0;
  #seconds = 0;
  #saved: string | null = null;
  readonly #skippedSteps: NonFiniteStep[] = [];

  private constructor(start: RunStart, model: Model, trainer: Trainer, load: TrunkLoad | null) {
    const { batch, resize, crop, seed, keepLastBatch, loading } = start.configuration;
    const { train, evaluated, decoder } = start.data;
    // No signal: what is ready when an interruption comes is still trained on and saved.
    const { rank, size } = start.parallel?.communicator ?? alone;
    const common = { crop, decoder, onBadImage: loading.onBadImage, shard: { rank, size } };
    this.#start = start;
    this.#model = model;
    this.#trainer = trainer;
    this.#load = load;
    // Shuffled anew every epoch, so that no image is always among those left out.
    const dropLast = !keepLastBatch && train.length >= batch;
    this.#train = createLoader(train, { ...common, batchSize: batch, mode: 'train', resize, seed, dropLast });
    const each = Math.ceil(batch / size);
    this.#evaluated =
      evaluated === null ? null : createLoader(evaluated, { ...common, batchSize: each, mode: 'eval' });
    // Where the last epoch's evaluation is to be done again, what the curves have of it, at its last step, is void.
    const isJudged = start.checkpoint === null || !TrainingRun.isUnfinished(start.checkpoint);
    const firstStep = Math.max(1, trainer.steps + (isJudged ? 1 : 0));
    this.#curves = start.folder.isKept ? new RunCurves(start.folder.path, firstStep) : null;
    const { best, judged } =
      start.checkpoint === null ? { best: null, judged: 0 } : judgementOf(start.checkpoint);
    this.#best = best;
    this.#judged = judged;
  }

  /** Builds the model, loads its weights or the checkpoint, and writes configuration.json. */
  static async open(start: RunStart): Promise<TrainingRun> {
    const { engine, configuration, checkpoint, data, folder, sessions } = start;
    if (checkpoint !== null) checkSameClasses(checkpoint, data.train);
    const model = createModel(engine, { ...configuration.model, classes: data.train.classNames.length });
    const load = checkpoint === null ? await loadWeights(model, configuration) : null;
    // After the weights: a slow copy starts as what is there.
    const parallel = start.parallel ?? null;
    const trainer = createTrainer(model, {
      ...trainerOptions(configuration),
      ...(parallel === null ? {} : { parallel }),
    });
    if (checkpoint !== null) resumeTraining(trainer, checkpoint);
    const { progress, epochsDone } = trainer;
    if (checkpoint !== null)
      await folder.rewind({ epochsDone, progress, judged: judgementOf(checkpoint).judged });
    const run = new TrainingRun(start, model, trainer, load);
    if (checkpoint !== null) run.#saved = run.position;
    const last =
      folder.isKept && checkpoint !== null && TrainingRun.isUnfinished(checkpoint)
        ? await folder.lastStep()
        : null;
    if (last !== null) run.#curves?.repeatStep(trainer.steps, last);
    // Only now, when all options have turned out to fit: a folder with a record in it is taken for a run.
    const session: RunSession = {
      started: new Date().toISOString(),
      firstEpoch: epochsDone + 1,
      steps: trainer.steps,
      learningRate: configuration.trainer.learningRate,
      images: trainingImages(data.train),
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
    if (checkpoint === null) run.#curves?.addOptions(start.options);
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

  /** Where it can be carried on, in words; null when nothing has been saved yet. */
  get saved(): string | null {
    return this.#saved;
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
      skipped: [...this.#skipped.values()],
      skippedSteps: this.#skippedSteps,
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
    this.#curves?.beginEpoch();
    const summary = await this.#trainer.trainEpoch(this.#train.epoch(epoch, firstBatch), {
      epoch,
      stepsPerEpoch: this.#train.batchesPerEpoch,
      signal,
      ...(saveEvery === null ? {} : { checkpointEvery: saveEvery }),
      onCheckpoint: () => this.#save(),
      onSkippedStep: (skipped) => {
        this.#skippedSteps.push(skipped);
        folder.addLine({ kind: 'skipped step', ...skipped, loss: String(skipped.loss) });
      },
      onStep: (event) => {
        progress.onStep(event);
        const { step, loss, accuracy, learningRate, seconds, batchSize } = event;
        folder.addLine({ kind: 'step', epoch, step, loss, accuracy, learningRate, seconds });
        this.#curves?.addStep(stepsBefore + step, event);
        this.#images += batchSize;
      },
    });
    this.#seconds += summary.seconds;
    const skipped = await this.#logSkipped(this.#train, 'train', epoch);
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
      skipped: await this.#logSkipped(this.#evaluated, split, epoch),
    });
    this.#curves?.addEvaluation(this.#trainer.steps, split, evaluation);
    this.#evaluation = evaluation;
    this.#judged = epoch;
    if (isBetter(evaluation, this.#best)) {
      this.#best = { epoch, accuracy, negativeLogLikelihood };
      if (folder.isKept) await saveModel(folder.best, this.#model, this.#info());
    }
    return evaluation;
  }

  /** Logs each picture that any process had to skip when it is met first; returns how many of the split there are by now. */
  async #logSkipped(loader: Loader, split: Split, epoch: number): Promise<number> {
    const found = await gatherJson(
      this.#start.parallel?.communicator ?? alone,
      loader.statistics().badImages,
    );
    for (const image of found.flat()) {
      const { id, message } = image;
      const name = `${split}/${id}`;
      if (this.#skipped.has(name)) continue;
      this.#skipped.set(name, image);
      this.#start.folder.addLine({ kind: 'skipped image', epoch, split, id, message });
    }
    return [...this.#skipped.keys()].filter((name) => name.startsWith(`${split}/`)).length;
  }

  async #save(): Promise<void> {
    const { folder } = this.#start;
    if (folder.isKept) {
      await folder.syncLog();
      this.#curves?.sync();
      await saveCheckpoint(folder.last, this.#trainer, this.#info(), { previous: folder.previous });
    }
    this.#saved = this.position;
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
