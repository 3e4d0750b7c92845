import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { RunFolder } from '../../tools/training/run_folder.ts';
import { shownScalars } from '../train/read_events.ts';

function without<T>(values: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter(([key]) => !keys.includes(key)));
}

/** What a run says and leaves, without times and sessions. */
export async function runOutcome(path: string) {
  const folder = new RunFolder(path);
  const lines = (await readFile(folder.log, 'utf8')).trim().split('\n');
  const log = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ kind }) => kind !== 'session')
    .map((line) => without(line, ['seconds', 'imagesPerSecond', 'peakMemory']));
  const curves = without(await shownScalars(path), ['train/images_per_second']);
  // Not the bytes: to show how a hundred thousand differ takes minutes.
  const digest = async (file: string): Promise<string> =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  return { last: await digest(folder.last), best: await digest(folder.best), log, curves };
}
