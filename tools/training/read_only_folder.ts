import { RunFolder } from './run_folder.ts';

/** A run's folder as processes see it that take part in the run and leave its files to another one: they read, and write nothing. */
export class ReadOnlyRunFolder extends RunFolder {
  override readonly isKept = false;

  override make(): Promise<void> {
    return Promise.resolve();
  }

  override hold(): Promise<void> {
    return Promise.resolve();
  }

  override begin(): Promise<void> {
    return Promise.resolve();
  }

  override writeRecord(): Promise<void> {
    return Promise.resolve();
  }

  override rewind(): Promise<void> {
    return Promise.resolve();
  }

  override syncLog(): Promise<void> {
    return Promise.resolve();
  }

  override addLine(): void {
    // The one who keeps the folder writes the same line.
  }
}
