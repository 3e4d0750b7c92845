import type { BirdletsConfiguration, EvaluationChoice, ParameterGroups } from '../training/configuration.ts';
import type { Checkpoint } from '../../src/train/checkpoint.ts';
import type { ModelChoice, ScheduleChoice } from '../options.ts';
import type { PosteriorSource } from '../../src/train/slow_posterior.ts';
import type { RunConfiguration, RunSession } from '../training/configuration.ts';
import type { RunResult } from '../training/run.ts';
import {
  addModelOptions,
  givenOptions,
  number,
  outputStride,
  posteriorSource,
  scheduleChoice,
  wholeNumber,
  wholeNumbers,
} from '../options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { Command, Option } from 'commander';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeResources } from '../resources.ts';
import { Interruption, listenForInterruption } from '../training/interruption.ts';
import { join, resolve } from 'node:path';
import { openData } from '../training/data.ts';
import { readCheckpoint } from '../../src/train/checkpoint.node.ts';
import { RunFolder } from '../training/run_folder.ts';
import { TrainingRun } from '../training/run.ts';

interface TrainOptions extends ModelChoice {
  readonly data?: string;
  readonly metadata?: string;
  readonly onlyPresent?: true;
  readonly birdlets?: true;
  readonly birdletsSize: number;
  readonly birdletsImages: readonly number[];
  readonly weights?: string;
  readonly smallStem?: true;
  readonly layers?: readonly number[];
  readonly widths?: readonly number[];
  readonly freeze?: readonly string[];
  readonly recompute?: true;
  readonly posterior: PosteriorSource;
  readonly epochs: number;
  readonly batch: number;
  readonly microBatch?: number;
  readonly lr: number;
  readonly groups: ParameterGroups;
  readonly weightDecay: number;
  readonly momentum: number;
  readonly schedule: ScheduleChoice;
  readonly warmup: number;
  readonly crop?: number;
  readonly resize?: number;
  readonly seed: number;
  readonly evaluate: EvaluationChoice;
  readonly evaluateEvery: number;
  readonly out: string;
  readonly resume?: true;
  readonly adapter?: string;
}

function birdletsOf({ birdlets, birdletsSize, birdletsImages }: TrainOptions): BirdletsConfiguration | null {
  const [train = 0, val = 0, test = 0] = birdletsImages;
  return birdlets === true ? { size: birdletsSize, images: [train, val, test] } : null;
}

/** Options to a configuration without gaps. Paths become absolute, so that a run can be carried on from anywhere. */
function configurationOf(options: TrainOptions): RunConfiguration {
  const birdlets = birdletsOf(options);
  const { data, metadata, weights, head: kind = 'calm-em', official = false, layers, widths } = options;
  if (data === undefined && birdlets === null)
    throw new ArgumentError('calm train: nothing to train on, wanted --data FOLDER or --birdlets');
  const crop = options.crop ?? birdlets?.size ?? 224;
  const optional = (path: string | undefined): string | null => (path === undefined ? null : resolve(path));
  const stride = outputStride(options);
  return {
    data: {
      folder: resolve(data ?? join(options.out, 'birdlets')),
      metadata: optional(metadata),
      onlyPresent: options.onlyPresent ?? false,
      birdlets,
    },
    model: {
      architecture: options.architecture,
      head: { kind, official },
      ...(stride === undefined ? {} : { outputStride: stride }),
      ...(layers === undefined ? {} : { layers }),
      ...(widths === undefined ? {} : { widths }),
      ...(options.smallStem === true
        ? { stem: { kernel: 3, stride: 1, pool: false, ...(widths?.[0] && { width: widths[0] }) } }
        : {}),
      frozen: options.freeze ?? [],
      recompute: options.recompute ?? false,
      seed: options.seed,
    },
    weights: optional(weights),
    epochs: options.epochs,
    batch: options.batch,
    microBatch: options.microBatch ?? null,
    resize: options.resize ?? Math.round((crop * 256) / 224),
    crop,
    seed: options.seed,
    trainer: {
      learningRate: options.lr,
      weightDecay: options.weightDecay,
      momentum: options.momentum,
      nesterov: options.momentum > 0,
      posterior: options.posterior,
    },
    groups: options.groups,
    schedule: options.schedule,
    warmupEpochs: options.warmup,
    evaluation: { split: options.evaluate, every: options.evaluateEvery },
  };
}

interface Plan {
  readonly configuration: RunConfiguration;
  readonly checkpoint: Checkpoint | null;
  readonly sessions: readonly RunSession[];
}

/** Options that mean something together with --resume; the others are the run's own. */
const RESUME_OPTIONS = new Set(['resume', 'out', 'epochs', 'adapter']);

async function planOf(folder: RunFolder, options: TrainOptions, command: Command): Promise<Plan> {
  if (options.resume !== true) {
    const unused = givenOptions(command, (name) => /^birdlets./.test(name));
    if (options.birdlets !== true && unused !== '')
      throw new ArgumentError(`calm train: ${unused} given without --birdlets`);
    const configuration = configurationOf(options);
    await folder.begin();
    return { configuration, checkpoint: null, sessions: [] };
  }
  const given = givenOptions(command, (name) => !RESUME_OPTIONS.has(name));
  if (given !== '')
    throw new ArgumentError(`--resume: the run has its own ${given}; only --epochs and --adapter may change`);
  const { sessions, ...record } = await folder.record();
  const checkpoint = await readCheckpoint(folder.last);
  const epochs = command.getOptionValueSource('epochs') === 'cli' ? options.epochs : record.epochs;
  const done = checkpoint.training?.epochsDone ?? 0;
  if (done >= epochs)
    throw new ArgumentError(`--resume: all ${done} epochs are done; train on with --epochs N, N > ${done}`);
  return { configuration: { ...record, epochs }, checkpoint, sessions };
}

function describeResult({ epochsDone, best, evaluation }: RunResult, folder: RunFolder): string {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const lines = [`${epochsDone} epochs done; model: ${folder.last}`];
  if (evaluation !== null)
    lines.push(`  accuracy ${percent(evaluation.accuracy)} on ${evaluation.images} images`);
  if (best !== null) lines.push(`  best: epoch ${best.epoch} with ${percent(best.accuracy)}: ${folder.best}`);
  return lines.join('\n');
}

async function train(options: TrainOptions, command: Command): Promise<void> {
  const folder = new RunFolder(options.out);
  const plan = await planOf(folder, options, command);
  const engine = await createEngine({ adapter: options.adapter });
  const interruption = listenForInterruption(() => {
    console.error('\nfinishing the step and saving (Ctrl-C again: stop at once, without saving)');
  });
  try {
    for (const note of engine.notes) console.log(note);
    const data = await openData(plan.configuration);
    for (const note of data.notes) console.log(note);
    const { train: images, evaluated } = data;
    const judged = evaluated === null ? '' : `, judged on ${evaluated.length} of ${evaluated.split}`;
    console.log(`${images.name}: ${images.length} images of ${images.classNames.length} classes${judged}`);
    const run = await TrainingRun.open({ engine, folder, data, signal: interruption.signal, ...plan });
    try {
      const result = await run.run();
      console.log(describeResult(result, folder));
      console.log(`training: ${describeResources(engine, result.images, result.seconds)}`);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      console.error(`saved after ${run.epochsDone} whole epochs; carry on with:`);
      console.error(`  npx calm train --resume --out ${options.out}`);
      process.exitCode = error.exitCode;
    } finally {
      run.dispose();
    }
  } finally {
    interruption.stop();
    engine.destroy();
  }
}

/** `calm train`: trains a classifier and keeps everything about it in one folder. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description(
      'train a classifier; --out gets configuration.json, log.jsonl (a line a step and a line an epoch), ' +
        'last.safetensors and best.safetensors',
    )
    .option('--data <folder>', 'pictures and lists in the layout of CUB-200-2011')
    .option(
      '--metadata <folder>',
      'split lists (train, val, test) that are not in the data folder (default: its metadata)',
    )
    .option('--only-present', 'leave out images that are not there, and classes of which none is')
    .option('--birdlets', 'draw the built-in data set, into --data (default: OUT/birdlets)')
    .option('--birdlets-size <pixels>', 'side of its pictures', wholeNumber(48), 128)
    .addOption(
      new Option('--birdlets-images <train,val,test>', 'how many of them')
        .default([1000, 200, 400], '1000,200,400')
        .argParser(wholeNumbers(1, 3)),
    )
    .option('--weights <file>', 'ImageNet weights (safetensors, names of torchvision) for the trunk');
  return addModelOptions(command, 'calm-em', '16, as the released code')
    .option('--small-stem', 'for small images: a first convolution of 3x3 without stride, and no pooling')
    .option('--layers <counts>', 'blocks of each stage, such as 2,2,2', wholeNumbers(1))
    .option('--widths <channels>', 'width of each stage, such as 16,32,64', wholeNumbers(1))
    .option(
      '--freeze <prefixes...>',
      'parts that stay as they are, such as conv1 bn1 layer1; their batch norms use running statistics',
    )
    .addOption(
      new Option(
        '--posterior <source>',
        "calm-em: whose posterior the loss uses: current (the gradient is ML's), ema:MOMENTUM or refresh:STEPS of a slow copy",
      )
        .default('current' satisfies PosteriorSource)
        .argParser(posteriorSource),
    )
    .option('--epochs <count>', 'last epoch', wholeNumber(1), 50)
    .option('--batch <images>', 'images a step; the smaller last batch is left out', wholeNumber(1), 16)
    .option(
      '--micro-batch <images>',
      'memory for so many images of a batch, whose gradients add up (batch norms then see so many; default: all)',
      wholeNumber(1),
    )
    .option('--recompute', 'less memory, the same numbers: compute the insides of residual blocks twice')
    .option('--lr <rate>', 'learning rate of the slow group', number(0, Infinity, { exclusive: true }), 1e-3)
    .addOption(
      new Option(
        '--groups <kind>',
        'who learns ten times as fast: official (all but conv1, layer1 to layer3), fine-tune (the head), one (nobody)',
      )
        .choices(['official', 'fine-tune', 'one'] satisfies ParameterGroups[])
        .default('official'),
    )
    .option('--weight-decay <factor>', 'on everything', number(0), 1e-4)
    .option('--momentum <share>', "Nesterov's, 0 for none", number(0, 1), 0.9)
    .addOption(
      new Option('--schedule <kind>', 'constant, cosine, step:EPOCHS or step:EPOCHS:FACTOR')
        .default({ kind: 'step', every: 15, factor: 0.1 } satisfies ScheduleChoice, 'step:15:0.1')
        .argParser(scheduleChoice),
    )
    .option('--warmup <epochs>', 'epochs over which the learning rate rises', number(0), 0)
    .option(
      '--crop <pixels>',
      'side of what the network sees (default: 224; birdlets: their size)',
      wholeNumber(1),
    )
    .option('--resize <pixels>', 'side before the random crop (default: 8/7 of --crop)', wholeNumber(1))
    .option('--seed <number>', 'of weights, order, crops and birdlets', wholeNumber(0), 0)
    .addOption(
      new Option(
        '--evaluate <split>',
        'what epochs are judged on; auto: val if its images are there, else test',
      )
        .choices(['auto', 'val', 'test', 'none'] satisfies EvaluationChoice[])
        .default('auto'),
    )
    .option('--evaluate-every <epochs>', 'judge every so many epochs, and the last', wholeNumber(1), 1)
    .requiredOption('--out <folder>', 'where the run goes')
    .option(
      '--resume',
      'carry on the run in --out (an interrupted epoch begins anew); only --epochs and --adapter may be given besides',
    )
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
    .action(train);
}
