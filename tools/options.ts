/** Option values of the command line. Every parser throws commander's InvalidArgumentError, to which commander adds the option. */
import type { Command } from 'commander';
import type { Architecture, TrunkOptions } from '../src/model/architectures.ts';
import type { HeadKind } from '../src/model/head.ts';
import type { PosteriorSource } from '../src/train/slow_posterior.ts';
import type { Schedule } from '../src/train/schedule.ts';
import { ARCHITECTURES } from '../src/model/architectures.ts';
import { InvalidArgumentError, Option } from 'commander';
import { nearest } from './training/nearest.ts';

const reject = (wanted: string): never => {
  throw new InvalidArgumentError(`Wanted ${wanted}.`);
};

/** Parses a whole number of at least `low`. */
export function wholeNumber(low: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    return /^[+-]?\d+$/.test(text) && Number.isSafeInteger(value) && value >= low
      ? value
      : reject(`a whole number >= ${low}`);
  };
}

/** Parses a number in [low, high], or in (low, high] with `exclusive`. */
export function number(low: number, high = Infinity, { exclusive = false } = {}): (text: string) => number {
  const range = `${exclusive ? `> ${low}` : `>= ${low}`}${high < Infinity ? ` and <= ${high}` : ''}`;
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const inside = Number.isFinite(value) && value <= high && (exclusive ? value > low : value >= low);
    return inside ? value : reject(`a number ${range}`);
  };
}

/** Parses whole numbers between commas, each at least `low`; exactly `count` of them where it is given. */
export function wholeNumbers(low: number, count?: number): (text: string) => readonly number[] {
  const parse = wholeNumber(low);
  return (text) => {
    const values = text.split(',').map((part) => parse(part.trim()));
    return count === undefined || values.length === count
      ? values
      : reject(`${count} whole numbers between commas, got ${values.length}`);
  };
}

/** Parses numbers in [low, high] between commas. */
export function numbers(low: number, high: number): (text: string) => readonly number[] {
  const parse = number(low, high);
  return (text) => text.split(',').map((part) => parse(part.trim()));
}

/** Parses names between commas, each one of the choices. */
export function choices<Name extends string>(all: readonly Name[]): (text: string) => readonly Name[] {
  return (text) =>
    text.split(',').map((part) => {
      const found = all.find((name) => name === part.trim());
      if (found !== undefined) return found;
      const meant = nearest(part.trim(), all);
      return reject(
        `names between commas, of ${all.join(', ')}; got '${part}'${meant === null ? '' : ` (did you mean ${meant}?)`}`,
      );
    });
}

/** Parses `current`, `ema:0.99` or `refresh:100`. */
export function posteriorSource(text: string): PosteriorSource {
  if (text === 'current') return 'current';
  const [kind, value, ...rest] = text.split(':');
  if (value !== undefined && rest.length === 0) {
    if (kind === 'ema') return { kind, momentum: number(0, 1)(value) };
    if (kind === 'refresh') return { kind, every: wholeNumber(1)(value) };
  }
  return reject('current, ema:MOMENTUM (such as ema:0.99) or refresh:STEPS (such as refresh:100)');
}

/** A schedule as the command line names it: a cosine runs over however many epochs there are. */
export type ScheduleChoice = Exclude<Schedule, { kind: 'cosine' }> | { readonly kind: 'cosine' };

/** Parses `constant`, `step:EVERY`, `step:EVERY:FACTOR` or `cosine`. */
export function scheduleChoice(text: string): ScheduleChoice {
  const [kind, every, factor, ...rest] = text.split(':');
  if ((kind === 'constant' || kind === 'cosine') && every === undefined) return { kind };
  if (kind === 'step' && every !== undefined && rest.length === 0) {
    const step = { kind, every: wholeNumber(1)(every) } as const;
    return factor === undefined ? step : { ...step, factor: number(0, 1)(factor) };
  }
  return reject('constant, cosine, step:EPOCHS or step:EPOCHS:FACTOR (such as step:30:0.1)');
}

/** The options of these names (commander's, in camel case) that stand on the command line, as they are written there. */
export function givenOptions(command: Command, isMeant: (name: string) => boolean): string {
  return command.options
    .filter((option) => {
      const name = option.attributeName();
      return command.getOptionValueSource(name) === 'cli' && isMeant(name);
    })
    .map(({ long }) => long)
    .join(', ');
}

const HEADS: readonly HeadKind[] = ['cam', 'calm-em', 'calm-ml'];

/** `--output-stride` and `--large-feature-map` as commander gives them. */
export interface StrideOptions {
  readonly outputStride?: 8 | 16 | 32;
  readonly largeFeatureMap?: true;
}

/** What the options of `addModelOptions` come to. */
export interface ModelChoice extends StrideOptions {
  readonly architecture: Architecture;
  readonly head?: HeadKind;
  readonly official?: true;
  /** False with --no-batch-norm. */
  readonly batchNorm?: boolean;
}

/** Options of ResNets alone. */
export interface ResNetChoice {
  readonly smallStem?: true;
  readonly layers?: readonly number[];
  readonly widths?: readonly number[];
}

/** The output stride that was asked for; undefined leaves it to the command. */
export function outputStride(options: StrideOptions): 8 | 16 | 32 | undefined {
  return options.outputStride ?? (options.largeFeatureMap === true ? 8 : undefined);
}

/** The trunk that was asked for. `createModel` says what does not fit the architecture. */
export function trunkOptions(
  choice: ModelChoice & ResNetChoice,
  stride: 8 | 16 | 32 | undefined,
): TrunkOptions {
  const { architecture, batchNorm, layers, widths } = choice;
  const width = widths?.[0];
  const options = {
    architecture,
    ...(stride === undefined ? {} : { outputStride: stride }),
    ...(batchNorm === false ? { useBatchNorm: false } : {}),
    ...(layers === undefined ? {} : { layers }),
    ...(widths === undefined ? {} : { widths }),
    ...(choice.smallStem === true
      ? { stem: { kernel: 3, stride: 1, pool: false, ...(width === undefined ? {} : { width }) } }
      : {}),
  };
  return options as TrunkOptions;
}

/** What --architecture and --head are when they are not given, and in words what --output-stride is. */
interface ModelDefaults {
  readonly architecture: Architecture | FileTells;
  readonly head: HeadKind | FileTells;
  readonly stride: string;
}

/** An option without a default of its own: `told` says what a file tells instead. */
interface FileTells {
  readonly told: string;
}

/** An option of a few names, with its default or with what stands in for one. */
function namedOption(
  flags: string,
  description: string,
  names: readonly string[],
  absent: string | FileTells,
): Option {
  return typeof absent === 'string'
    ? new Option(flags, description).choices(names).default(absent)
    : new Option(flags, `${description} (default: ${absent.told})`).choices(names);
}

/** Adds the options that say which network to build. */
export function addModelOptions(command: Command, { architecture, head, stride }: ModelDefaults): Command {
  return command
    .addOption(namedOption('--architecture <name>', 'trunk of the network', ARCHITECTURES, architecture))
    .addOption(
      namedOption('--head <kind>', "head and loss: CAM's cross entropy, CALM's EM or ML", HEADS, head),
    )
    .option('--official', "the released code's form of CALM: ReLU prior, detached normaliser, epsilons")
    .addOption(
      new Option(
        '--output-stride <pixels>',
        `image pixels per location: 32 (ResNets only), 16 or 8 (default: ${stride})`,
      )
        .choices(['8', '16', '32'])
        .argParser(strideOf)
        .conflicts('largeFeatureMap'),
    )
    .option('--large-feature-map', 'the same as --output-stride 8, as the released code calls it')
    .option(
      '--no-batch-norm',
      "VGG16 without batch norms, Inception-v3 without those of its last two layers (the released code's default for both)",
    );
}

/** The same for weights made elsewhere, of which the options say what their tensors do not: see `givenChoice`. */
export function addWeightsOptions(command: Command): Command {
  return addModelOptions(command, {
    architecture: { told: 'the one that the tensors are those of' },
    head: { told: "cam for torchvision's weights; CALM's do not tell" },
    stride: "32 for torchvision's weights, 16 for CALM's",
  }).option('--no-official', "the paper's form of CALM: softplus prior, no epsilons");
}

function strideOf(text: string): 8 | 16 | 32 {
  const found = ([8, 16, 32] as const).find((stride) => String(stride) === text);
  return found ?? reject('8, 16 or 32');
}
