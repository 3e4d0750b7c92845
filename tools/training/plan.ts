/** What `calm train` is about to do: its options, and the checkpoint that it goes on from. */
import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { Command } from 'commander';
import type { OptionValues } from './config_file.ts';
import type { RunConfiguration, RunSession } from './configuration.ts';
import type { RunFolder } from './run_folder.ts';
import type { TrainOptions } from './train_options.ts';
import { applyValues, presentValues, readValues } from './config_file.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { completeOptions, configurationOf } from './train_options.ts';
import { givenOptions } from '../options.ts';
import { TrainingRun } from './run.ts';

export interface Plan {
  readonly configuration: RunConfiguration;
  /** All options, for configuration.json. */
  readonly options: OptionValues;
  readonly adapter: string | undefined;
  readonly checkpoint: Checkpoint | null;
  readonly sessions: readonly RunSession[];
  /** A line for people about the checkpoint. */
  readonly note: string | null;
}

/** What of a run may change when it is carried on. */
const CHANGEABLE = new Set([
  ...['epochs', 'saveEvery', 'lr', 'recompute'],
  ...['onNan', 'onBadImage', 'workers', 'adapter'],
]);

/** Other options that mean something together with --resume. */
const WITH_RESUME = new Set(['resume', 'out', 'printConfig', 'rankTimeout']);

/** The options as they stand when everything that has a say in them has had it. */
function completed(command: Command, processes: number): Pick<Plan, 'configuration' | 'options' | 'adapter'> {
  completeOptions(command);
  const { batch, globalBatch } = command.opts<TrainOptions>();
  // What any number of processes can carry on, or repeat.
  if (globalBatch === undefined)
    command.setOptionValueWithSource('globalBatch', batch * processes, 'implied');
  const options = command.opts<TrainOptions>();
  // Birdlets that are drawn into the run's folder go where the next one goes. How long to wait says nothing of a run.
  const except = ['out', 'rank-timeout', 'batch'];
  if (options.data === undefined) except.push('data');
  const { adapter } = options;
  return {
    configuration: configurationOf(options, processes),
    options: presentValues(command, except),
    adapter,
  };
}

/** Before, the record of a run by one process had its batch as `batch`, which is each process's on the command line. */
function withGlobalBatch(options: OptionValues): OptionValues {
  const { batch, ...others } = options;
  return batch === undefined || 'global-batch' in options ? options : { ...others, 'global-batch': batch };
}

/**
 * Plans a new run, or one that goes on, for so many processes. The command's options become what the run's are.
 * @throws ArgumentError when the options do not fit, or there is nothing to carry on
 */
export async function planRun(folder: RunFolder, command: Command, processes: number): Promise<Plan> {
  const { resume, config } = command.opts<TrainOptions>();
  if (resume !== true) {
    if (config !== undefined) applyValues(command, await readValues(config), config);
    const unused = givenOptions(command, (name) => /^birdlets./.test(name));
    if (command.opts<TrainOptions>().birdlets !== true && unused !== '')
      throw new ArgumentError(`calm train: ${unused} given without --birdlets`);
    return { ...completed(command, processes), checkpoint: null, sessions: [], note: null };
  }
  const given = givenOptions(command, (name) => !CHANGEABLE.has(name) && !WITH_RESUME.has(name));
  if (given !== '') {
    const changeable = command.options.filter((option) => CHANGEABLE.has(option.attributeName()));
    const names = changeable.map(({ long }) => long).join(', ');
    throw new ArgumentError(`--resume: the run has its own ${given}; only these may change: ${names}`);
  }
  const { sessions, options } = await folder.record();
  applyValues(command, withGlobalBatch(options), '--resume');
  const { checkpoint, note } = await folder.checkpoint();
  const plan = completed(command, processes);
  const { epochs } = plan.configuration;
  const done = checkpoint?.training?.epochsDone ?? 0;
  if (checkpoint !== null && done >= epochs && !TrainingRun.isUnfinished(checkpoint))
    throw new ArgumentError(`--resume: all ${done} epochs are done; train on with --epochs N, N > ${done}`);
  return { ...plan, checkpoint, sessions, note };
}
