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

export class TrainingControl {
  #run: { readonly training: TrainingRun; readonly engine: Engine } | null = null;
  /** The last step of a run that a lost device took with it, until it stands again. */
  #recovering = false;

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

  /** From the kept snapshot, or from a file; paused. */
  async continue(file: Blob | null, progress: Progress): Promise<void> {
    const opened = file === null ? await keptFile() : await readTrainingFile(file, nameOf(file));
    await this.#open(opened.settings, opened, progress);
  }

  resume(steps: number | null): void {
    const run = this.#run;
    if (run === null) throw new InputError('There is no training to resume: start one.');
    run.training.resume(steps).catch((error: unknown) => this.#failed(error, run.engine));
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

  /** A lost device costs the steps since the last snapshot; anything else ends the run where it stands. */
  async #failed(error: unknown, engine: Engine): Promise<void> {
    if (!(await isLost(engine))) {
      tell({ event: 'training-failed', failure: describeFailure(error) });
      tell({ event: 'training', status: this.status });
      return;
    }
    this.#recovering = true;
    try {
      const { settings } = this.status;
      this.#forget();
      const kept = await readSnapshot();
      const file = kept === null ? null : await readTrainingFile(kept.checkpoint, KEPT);
      const wanted = file?.settings ?? settings;
      if (wanted === null) return;
      await this.#open(wanted, file, () => undefined);
      tell({ event: 'training-recovered', step: this.status.step });
      this.resume(null);
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
