import type { RunConfiguration } from '../../tools/training/configuration.ts';
import type { TrainOptions } from '../../tools/training/train_options.ts';
import { completeOptions, configurationOf } from '../../tools/training/train_options.ts';
import { trainCommand } from '../../tools/commands/train.ts';

/** The run that `calm train` would make of these options. */
export function runConfiguration(given: readonly string[]): RunConfiguration {
  // Parsed for its options alone.
  const command = trainCommand().action(() => undefined);
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  command.parse(given, { from: 'user' });
  completeOptions(command);
  return configurationOf(command.opts<TrainOptions>());
}
