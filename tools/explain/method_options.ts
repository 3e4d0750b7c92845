/** Options of the command line that say which attribution maps to make, and how. */
import type { Command } from 'commander';
import type { GradientOptions } from '../../src/attribution/gradient_maps.ts';
import type { LoadedModel } from './load_model.ts';
import type { Superset } from '../../src/attribution/superset.node.ts';
import type { Target } from '../../src/attribution/target.ts';
import { METHODS } from '../../src/attribution/methods.ts';
import { number, wholeNumber, wholeNumbers } from '../options.ts';
import { Option } from 'commander';
import { parseClassList } from '../../src/attribution/superset.ts';
import { resolveSuperset } from '../../src/attribution/superset.node.ts';
import { TARGETS } from '../../src/attribution/target.ts';

/** What the options of `addSupersetOptions` come to. */
export interface SupersetOptions {
  readonly subset?: readonly number[];
  readonly superset?: string;
  readonly isA?: string;
  readonly synsets?: string;
}

/** What the options of `addGradientOptions` come to. */
export interface GradientChoice {
  readonly target?: Target;
  readonly steps?: number;
  readonly samples?: number;
  readonly noise?: number;
  readonly seed?: number;
  readonly smoothing?: number;
}

/** Adds the options that name a set of classes. */
export function addSupersetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--subset <classes>', 'numbers of classes whose maps are added, such as 1,2,3')
        .argParser(wholeNumbers(0))
        .conflicts('superset'),
    )
    .option(
      '--superset <set>',
      "or a set by name: all-birds, wordnet:SYNSET, or a FILE of class numbers or names (ImageNet's birds or CUB's are all-birds)",
    )
    .option('--is-a <file>', "for wordnet: ImageNet's wordnet.is_a.txt, a parent and a child synset a line")
    .option('--synsets <file>', 'for wordnet: the synset of every class, first on its line');
}

/** Adds the options of methods that use gradients. */
export function addGradientOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--target <score>',
        'whose gradient is taken (default: logit, the score before the softmax)',
      ).choices(TARGETS),
    )
    .option('--steps <count>', 'points of the path of integrated-gradients (default: 50)', wholeNumber(1))
    .option('--samples <count>', 'noisy copies of an image (default: 50)', wholeNumber(1))
    .option(
      '--noise <share>',
      "noise over the image's range (default: 0.15; 0.25 for :official methods)",
      number(0),
    )
    .option('--seed <number>', 'of the noise (default: 0)', wholeNumber(0))
    .option(
      '--smoothing <pixels>',
      'odd size of a Gaussian over maps of image resolution (default: 1, none)',
      wholeNumber(1),
    );
}

/** The options that were given, as `attribute` takes them. */
export function gradientOptions(choice: GradientChoice): GradientOptions {
  const { target, steps, samples, noise, seed } = choice;
  return {
    ...(target === undefined ? {} : { target }),
    ...(steps === undefined ? {} : { steps }),
    ...(samples === undefined ? {} : { samples }),
    ...(noise === undefined ? {} : { noiseLevel: noise }),
    ...(seed === undefined ? {} : { seed }),
  };
}

/** The set of classes that was asked for; undefined when none was. Throws ArgumentError for one that the model does not have. */
export async function supersetOf(
  options: SupersetOptions,
  { model, classNames }: Pick<LoadedModel, 'model' | 'classNames'>,
): Promise<Superset | undefined> {
  const { subset, superset, isA, synsets } = options;
  const { classes: classCount } = model.configuration;
  if (superset !== undefined) return resolveSuperset(superset, { classCount, classNames, isA, synsets });
  if (subset === undefined) return undefined;
  return { name: subset.join(), classes: parseClassList(subset.join(), classCount) };
}

/** A line for every method, for help texts. */
export function methodsHelp(): string {
  const width = Math.max(...METHODS.map(({ name }) => name.length));
  const lines = METHODS.map(
    ({ name, heads, summary }) =>
      `  ${name.padEnd(width)}  ${heads === 'calm' ? 'CALM' : '    '}  ${summary}`,
  );
  return `\nMethods (CALM: of CALM heads only):\n${lines.join('\n')}`;
}
