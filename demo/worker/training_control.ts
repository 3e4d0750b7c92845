/** The page's one training run: started, resumed from a file or the kept snapshot, and carried over to a new device. */
import type { Engine } from '../../src/runtime/engine.ts';
import type { Progress } from './scope.ts';
import type { SnapshotDescription, TrainingSettings, TrainingStatus } from '../protocol.ts';
import type { TrainingFile } from './training_file.ts';
import { checkSettings, readTrainingFile } from './training_file.ts';
import { deleteSnapshot, readSnapshot } from './snapshots.ts';
import { describeFailure, InputError } from './failure.ts';
import { isLost, openEngine } from './gpu.ts';
import { tell } from './scope.ts';
import { TrainingRun } from './training.ts';

const NOTHING: TrainingStatus = {
  state: 'none',
  settings: null,
  step: 0,
  steps: 0,
  stepsPerEpoch: 0,
  imagesPerSecond: null,
};
const KEPT = 'The kept training run';
/** Of a run at one step: a step that loses the device itself would do so for ever. */
const MOST_RECOVERIES = 3;

interface Run {
  readonly training: TrainingRun;
  readonly engine: Engine;
}

export class TrainingControl {
  #run: Run | null = null;
  /** The last step of a run that a lost device took with it, until it stands again. */
  #recovering = false;
  /** Where the run stood after the last recovery, and how often it has come to stand there in a row. */
  #recovered = { step: -1, times: 0 };

  get status(): TrainingStatus {
    return this.#run?.training.status ?? NOTHING;
  }

  get isRunning(): boolean {
    return this.#recovering || this.status.state === 'running';
  }

  /** What is kept from before; null where there is nothing, or it cannot be read. */
  async snapshot(): Promise<SnapshotDescription | null> {
    const kept = await readSnapshot();
    if (kept === null) return null;
    try {
      const { settings, points } = await readTrainingFile(kept.checkpoint, KEPT);
      const steps = settings.epochs * Math.floor(settings.pictures / settings.batch);
      return { settings, step: points.length, steps, saved: kept.saved };
    } catch {
      return null;
    }
  }

  async start(settings: TrainingSettings, progress: Progress): Promise<void> {
    await this.#open(checkSettings(settings), null, progress);
    this.resume(null);
  }

  /** From the kept snapshot, or from a file; it does not run yet. */
  async continue(file: Blob | null, progress: Progress): Promise<void> {
    const opened = file === null ? await keptFile() : await readTrainingFile(file, nameOf(file));
    await this.#open(opened.settings, opened, progress);
  }

  resume(steps: number | null): void {
    const run = this.#run;
    if (run === null) throw new InputError('There is no training to resume: start one.');
    this.#recovered = { step: -1, times: 0 };
    this.#goOn(run, steps);
  }

  #goOn(run: Run, steps: number | null): void {
    const end = steps === null ? null : run.training.status.step + steps;
    run.training.resume(steps).catch((error: unknown) => this.#failed(error, run, end));
  }

  async pause(): Promise<void> {
    await this.#run?.training.pause().catch(() => undefined);
  }

  save(): Promise<Blob> {
    if (this.#run === null) throw new InputError('There is no training to save yet.');
    return this.#run.training.save();
  }

  /** Ends the run and forgets what was kept of it. */
  async discard(): Promise<void> {
    await this.pause();
    this.#forget();
    await deleteSnapshot();
    tell({ event: 'training', status: NOTHING });
  }

  async #open(settings: TrainingSettings, file: TrainingFile | null, progress: Progress): Promise<void> {
    await this.pause();
    this.#forget();
    progress('Drawing birdlets and compiling kernels');
    const engine = await openEngine();
    this.#run = { training: await TrainingRun.open(engine, settings, file), engine };
  }

  #forget(): void {
    this.#run?.training.dispose();
    this.#run = null;
  }

  /**
   * A lost device costs the steps since the last checkpoint; anything else ends the run where it stands.
   * @param end the last step that was asked for: null for all that are left
   */
  async #failed(error: unknown, run: Run, end: number | null): Promise<void> {
    const isGone = await isLost(run.engine);
    // Another one has taken its place.
    if (this.#run !== run) return;
    if (!isGone) {
      tell({ event: 'training-failed', failure: describeFailure(error) });
      tell({ event: 'training', status: this.status });
      return;
    }
    this.#recovering = true;
    try {
      const { settings, made } = run.training;
      this.#forget();
      const file = made === null ? null : await readTrainingFile(made, KEPT);
      await this.#open(settings, file, () => undefined);
      const { step } = this.status;
      const times = step === this.#recovered.step ? this.#recovered.times + 1 : 1;
      this.#recovered = { step, times };
      if (times > MOST_RECOVERIES)
        throw new InputError(
          `The GPU was lost ${times} times on the way on from step ${step}. ` +
            'The run is kept: reload the page to go on with it, with other programs on the GPU closed.',
        );
      tell({ event: 'training-recovered', step });
      if (this.#run !== null) this.#goOn(this.#run, end === null ? null : Math.max(0, end - step));
    } catch (failure) {
      this.#forget();
      tell({ event: 'training-failed', failure: describeFailure(failure) });
      tell({ event: 'training', status: NOTHING });
    } finally {
      this.#recovering = false;
    }
  }
}

const nameOf = (file: Blob): string => (file instanceof File ? file.name : 'The file');

async function keptFile(): Promise<TrainingFile> {
  const kept = await readSnapshot();
  if (kept === null) throw new InputError('No training run is kept in this browser.');
  return readTrainingFile(kept.checkpoint, KEPT);
}
