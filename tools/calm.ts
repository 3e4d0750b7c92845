// The command line: `calm <command> --help`. Each command has its own file in commands/.
import { auditCommand } from './commands/audit.ts';
import { Command } from 'commander';
import { compareCommand } from './commands/compare.ts';
import { convertCommand } from './commands/convert.ts';
import { dataCommand } from './commands/data.ts';
import { devicesCommand } from './commands/devices.ts';
import { errorMessage } from './error_message.ts';
import { evaluateCommand } from './commands/evaluate.ts';
import { explainCommand } from './commands/explain.ts';
import { figureCommand } from './commands/figure.ts';
import { inspectCommand } from './commands/inspect.ts';
import { trainCommand } from './commands/train.ts';
import { versions } from './version.ts';
import { visible } from '../bench/table.ts';

const program = new Command('calm')
  .description('Trains CALM image classifiers on WebGPU and explains what they saw, where.')
  .version(versions.calm)
  .showHelpAfterError('(see calm --help)')
  .addCommand(trainCommand())
  .addCommand(explainCommand())
  .addCommand(evaluateCommand())
  .addCommand(figureCommand())
  .addCommand(auditCommand())
  .addCommand(compareCommand())
  .addCommand(inspectCommand())
  .addCommand(convertCommand())
  .addCommand(dataCommand())
  .addCommand(devicesCommand());

try {
  await program.parseAsync();
} catch (error) {
  // A name in a message may be a stranger's.
  const lines = (text: string): string => text.split('\n').map(visible).join('\n');
  const message = errorMessage(error);
  console.error(message === null ? error : `calm: ${lines(message)}`);
  process.exitCode = 1;
}
