import type { RunConfiguration } from './configuration.ts';
import { ImageDecodeError } from '../../src/data/image.ts';
import { Interruption } from './interruption.ts';
import { NonFiniteError, SkippedEpochError } from '../../src/train/non_finite.ts';
import { OutOfMemoryError } from '../../src/runtime/errors.ts';
import { join, resolve } from 'node:path';
import { shellWord } from '../shell_word.ts';

/** Where a run has stopped. */
export interface StoppedRun {
  readonly folder: string;
  /** Where it was saved, in words; null when it has not been. */
  readonly saved: string | null;
  readonly processes: number;
  readonly configuration: Pick<RunConfiguration, 'trainer' | 'loading'> & {
    readonly model: { readonly recompute?: boolean };
  };
}

/** A way on: what is to be otherwise, in words and as options. */
type Way = readonly [words: string, options: string];

/** A third of a rate, rounded to one digit: 0.01, 0.003, 0.001, ... */
const lowered = (rate: number): number => Number((rate / 3).toPrecision(1));

/** The same run with a lower rate and under a name of its own. */
function anew({ folder, configuration: { trainer } }: StoppedRun, words: string): Way {
  const rate = lowered(trainer.learningRate);
  const file = shellWord(join(folder, 'configuration.json'));
  const beside = shellWord(`${resolve(folder)}-lr-${rate}`);
  return [words, `--config ${file} --lr ${rate} --out ${beside}`];
}

/** What has to be otherwise, so that the same step does not end in the same way. Null: nothing has. */
function waysAfter(error: unknown, stopped: StoppedRun): readonly Way[] | null {
  const { folder, saved, processes } = stopped;
  const { trainer, loading, model } = stopped.configuration;
  const resumed = (options: string): string => `--resume ${options} --out ${shellWord(folder)}`;
  if (error instanceof NonFiniteError) {
    const { pass, operation } = error.where.origin;
    // They came with --weights: what is saved has none.
    if (pass === 'weights') return [];
    const rate = `--lr ${lowered(trainer.learningRate)}`;
    const ways: Way[] = [['with a lower learning rate', resumed(rate)]];
    // A batch is to blame, and can be done without; but several processes must all leave it out.
    if (operation !== null && trainer.onNonFinite === 'stop' && processes === 1)
      ways.push(['without such batches', resumed('--on-nan skip')]);
    // What was saved may have gone astray already.
    if (saved !== null) ways.push(anew(stopped, 'begin anew with that rate'));
    return ways;
  }
  // What was saved has: no batch moves it.
  if (error instanceof SkippedEpochError) return [anew(stopped, 'begin anew with a lower learning rate')];
  if (error instanceof ImageDecodeError && loading.onBadImage === 'stop')
    return [['without such pictures', resumed('--on-bad-image skip')]];
  // Of a run that did go on: else a single tensor may be too large, which this does not change.
  if (error instanceof OutOfMemoryError && model.recompute !== true && saved !== null)
    return [['in less memory, to the same numbers', resumed('--recompute')]];
  return null;
}

/** Lines for people: what was saved of a run that has stopped, and the commands that carry it on. None where no command would. */
export function waysOn(error: unknown, stopped: StoppedRun): string[] {
  const { folder, saved, processes } = stopped;
  const known = waysAfter(error, stopped);
  if (known === null ? saved === null : known.length === 0) return [];
  const ways = known ?? [['with', `--resume --out ${shellWord(folder)}`]];
  const place = saved === null ? 'nothing was saved before; begin anew' : `saved after ${saved}; carry on`;
  // npx keeps MPICH's mpirun from reaching its ranks.
  const started = processes === 1 ? 'npx calm' : `mpirun -n ${processes} node_modules/.bin/calm`;
  return [
    `${error instanceof Interruption ? '' : 'stopped; '}${place} ${ways.map(([words]) => words).join(', or ')}:`,
    ...ways.map(([, options]) => `  ${started} train ${options}`),
  ];
}
