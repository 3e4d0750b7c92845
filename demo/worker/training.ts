/** Training in the page: the network, pictures and recipe of `npm start`, so that a seed gives the curve it gives on Node. */
import type { Batch, Loader } from '../../src/data/loader.ts';
import type { CurvePoint, TrainingSettings, TrainingStatus, ValidationPoint } from '../protocol.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { StepEvent } from '../../src/train/epoch.ts';
import type { Model } from '../../src/model/model.ts';
import type { TrainingFile } from './training_file.ts';
import type { Trainer } from '../../src/train/trainer.ts';
import { birdletClasses } from '../../src/data/birdlets/classes.ts';
import { birdletDataset } from '../../src/data/birdlets/dataset.ts';
import {
  CLASSES,
  CROP,
  modelOptions,
  PICTURE_SIZE,
  trainerOptions,
  trainingLoaderOptions,
} from '../../tools/start/settings.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { Gallery } from './gallery.ts';
import { InputError } from './failure.ts';
import { resumeTraining } from '../../src/train/checkpoint.ts';
import { tell } from './scope.ts';
import { writeSnapshot } from './snapshots.ts';
import { writeTrainingFile } from './training_file.ts';

const CLASS_NAMES = birdletClasses(CLASSES).map(({ name }) => name);
/** Training pictures for each that is validated on: those of `npm start`. */
const TRAINED_PER_VALIDATED = 8;
/** Optimiser steps between two looks at what else is due. */
const CHECK_EVERY = 5;
const GALLERY_EVERY = 10;
const SNAPSHOT_MILLISECONDS = 10_000;
/** Steps over which the speed is taken. */
const SPEED_STEPS = 20;

/** Thrown into an epoch to stop it between two steps. */
class Paused extends Error {}

/** One training run on one engine. */
export class TrainingRun {
  readonly settings: TrainingSettings;
  readonly #model: Model;
  readonly #trainer: Trainer;
  readonly #train: Loader;
  readonly #validate: Loader;
  readonly #gallery: Gallery;
  readonly #points: CurvePoint[];
  readonly #validation: ValidationPoint[];
  readonly #times: number[] = [];
  /** The last epoch whose validation is done. */
  #judged: number;
  /** Points that the page has. */
  #told = 0;
  #state: TrainingStatus['state'] = 'paused';
  /** Steps that may still be begun. */
  #allowance = 0;
  /** The last checkpoint that was made. */
  #made: { readonly step: number; readonly at: number; readonly file: Blob } | null = null;
  #galleryAt = -1;
  #running: Promise<void> | null = null;
  #saving: PromiseWithResolvers<Blob> | null = null;

  private constructor(
    engine: Engine,
    settings: TrainingSettings,
    gallery: Gallery,
    file: TrainingFile | null,
  ) {
    const { seed, epochs, pictures, batch } = settings;
    this.settings = settings;
    this.#gallery = gallery;
    const drawing = { seed, size: PICTURE_SIZE, classes: CLASSES };
    const train = birdletDataset({ ...drawing, split: 'train', count: pictures });
    const validated = Math.ceil(pictures / TRAINED_PER_VALIDATED);
    const validation = birdletDataset({ ...drawing, split: 'val', count: validated });
    this.#train = createLoader(train, trainingLoaderOptions(settings));
    this.#validate = createLoader(validation, { batchSize: batch, mode: 'eval', crop: CROP });
    this.#model = createModel(engine, modelOptions('calm-em', seed));
    this.#trainer = createTrainer(this.#model, trainerOptions(this.#model, epochs, 'current'));
    this.#points = [...(file?.points ?? [])];
    this.#validation = [...(file?.validation ?? [])];
    this.#judged = file?.judged ?? 0;
    if (file !== null) resumeTraining(this.#trainer, file.checkpoint);
    if (this.#judged >= epochs) this.#state = 'done';
  }

  /** A run from the start, or from where a file stands; paused, unless nothing is left to do. */
  static async open(
    engine: Engine,
    settings: TrainingSettings,
    file: TrainingFile | null,
  ): Promise<TrainingRun> {
    const run = new TrainingRun(engine, settings, await Gallery.of(settings.seed), file);
    run.#tellCurve();
    await run.#drawGallery();
    // In place of what was kept of another run.
    await run.#file();
    run.#tellStatus();
    return run;
  }

  get status(): TrainingStatus {
    const { batchesPerEpoch } = this.#train;
    const steps = batchesPerEpoch * this.settings.epochs;
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    const seconds = first === undefined || last === undefined ? 0 : (last - first) / 1000;
    const count = this.#times.length - 1;
    return {
      state: this.#state,
      settings: this.settings,
      step: this.#points.length,
      steps,
      stepsPerEpoch: batchesPerEpoch,
      imagesPerSecond: seconds > 0 ? (count * this.settings.batch) / seconds : null,
    };
  }

  /** The last checkpoint that was made: where a new device goes on. Null before `open` has resolved. */
  get made(): Blob | null {
    return this.#made?.file ?? null;
  }

  /** Goes on, for so many steps or until it is paused. Resolves when it stops, rejects when it fails. */
  resume(steps: number | null): Promise<void> {
    if (this.#state === 'done') return Promise.resolve();
    this.#allowance = steps ?? Infinity;
    this.#running ??= this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Stops after the step under way. */
  async pause(): Promise<void> {
    this.#allowance = 0;
    await this.#running;
  }

  /** The checkpoint as it stands after the step under way; at rest the one that was made then, which a lost device cannot take along. */
  async save(): Promise<Blob> {
    if (this.#running === null) {
      const made = this.#made;
      return made?.step === this.#points.length ? made.file : this.#file();
    }
    this.#saving ??= Promise.withResolvers();
    return this.#saving.promise;
  }

  dispose(): void {
    this.#allowance = 0;
    this.#saving?.reject(new InputError('The training was interrupted before it could be saved: try again.'));
    this.#train.dispose();
    this.#validate.dispose();
    this.#trainer.dispose();
    this.#model.dispose();
  }

  async #run(): Promise<void> {
    this.#state = 'running';
    this.#tellStatus();
    try {
      // An interruption may have come between an epoch and its validation.
      if (this.#judged < this.#trainer.epochsDone) await this.#judge();
      for (let epoch = this.#trainer.epochsDone + 1; epoch <= this.settings.epochs; epoch++) {
        await this.#trainer.trainEpoch(this.#batches(epoch, this.#trainer.firstBatch(epoch)), {
          epoch,
          stepsPerEpoch: this.#train.batchesPerEpoch,
          onStep: (event) => this.#onStep(event),
          checkpointEvery: CHECK_EVERY,
          onCheckpoint: () => this.#between(),
        });
        await this.#judge();
      }
      this.#state = 'done';
    } catch (error) {
      this.#state = 'paused';
      if (!(error instanceof Paused)) throw error;
    } finally {
      this.#times.length = 0;
    }
    await this.#atRest();
  }

  async *#batches(epoch: number, first: number): AsyncGenerator<Batch, void, void> {
    for await (const batch of this.#train.epoch(epoch, first)) {
      if (this.#allowance <= 0) throw new Paused();
      this.#allowance--;
      yield batch;
    }
  }

  #onStep({ epoch, step, stepsPerEpoch, loss, accuracy }: StepEvent): void {
    this.#points.push({ step: (epoch - 1) * stepsPerEpoch + step, loss, accuracy });
    this.#times.push(performance.now());
    if (this.#times.length > SPEED_STEPS) this.#times.shift();
    this.#tellCurve();
    this.#tellStatus();
  }

  /** Validates the epoch that has just been trained. */
  async #judge(): Promise<void> {
    const { accuracy } = await this.#trainer.evaluate(this.#validate.epoch(0));
    this.#judged = this.#trainer.epochsDone;
    this.#validation.push({ step: this.#points.length, accuracy });
    this.#tellCurve();
    await this.#between();
  }

  /** What is due now and then; no step is under way. */
  async #between(): Promise<void> {
    if (this.#points.length - this.#galleryAt >= GALLERY_EVERY) await this.#drawGallery();
    const saving = this.#saving;
    const isDue = performance.now() - (this.#made?.at ?? 0) >= SNAPSHOT_MILLISECONDS;
    if (saving === null && !isDue) return;
    const file = await this.#file();
    this.#saving = null;
    saving?.resolve(file);
  }

  /** Everything is told and kept when training stands still. */
  async #atRest(): Promise<void> {
    if (this.#points.length !== this.#galleryAt) await this.#drawGallery();
    const file = await this.#file();
    this.#saving?.resolve(file);
    this.#saving = null;
    this.#tellStatus();
  }

  /** The checkpoint, which is kept in the browser too. */
  async #file(): Promise<Blob> {
    const bytes = await writeTrainingFile(this.#trainer, this.settings, CLASS_NAMES, {
      points: this.#points,
      validation: this.#validation,
      judged: this.#judged,
    });
    await writeSnapshot({ checkpoint: bytes, saved: Date.now() });
    const file = new Blob([bytes as Uint8Array<ArrayBuffer>]);
    this.#made = { step: this.#points.length, at: performance.now(), file };
    return file;
  }

  async #drawGallery(): Promise<void> {
    this.#galleryAt = this.#points.length;
    const pictures = await this.#gallery.draw(this.#model);
    tell(
      { event: 'gallery', step: this.#points.length, pictures },
      pictures.map(({ overlay }) => overlay),
    );
  }

  #tellCurve(): void {
    const points = this.#points.slice(this.#told);
    tell({ event: 'curve', from: this.#told, points, validation: this.#validation });
    this.#told = this.#points.length;
  }

  #tellStatus(): void {
    tell({ event: 'training', status: this.status });
  }
}
