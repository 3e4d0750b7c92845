import type { Communicator } from '../../src/distributed/communicator.ts';
import type { EvaluationChoice } from '../training/configuration.ts';
import type { PosteriorSource } from '../../src/train/slow_posterior.ts';
import type { RunResult } from '../training/run.ts';
import type { ScheduleChoice } from '../options.ts';
import type { TrainOptions } from '../training/train_options.ts';
import {
  addModelOptions,
  number,
  posteriorSource,
  scheduleChoice,
  wholeNumber,
  wholeNumbers,
} from '../options.ts';
import { asJob, engineOptionsOf, rankTimeoutOption } from '../job.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { Command, Option } from 'commander';
import { counted } from '../../src/report/counted.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DataParallel } from '../../src/distributed/data_parallel.ts';
import { DATASET_KINDS } from '../../src/data/image_dataset.ts';
import { describeResources } from '../resources.ts';
import { formatDuration } from '../progress.ts';
import { GROUP_KINDS } from '../../src/train/parameter_groups.ts';
import { ImageDecodeError } from '../../src/data/image.ts';
import { describeOrigin } from '../../src/train/non_finite.ts';
import { Interruption, listenForInterruption } from '../training/interruption.ts';
import { openData } from '../training/data.ts';
import { planRun } from '../training/plan.ts';
import { checkSameCheckpoint } from '../training/same_checkpoint.ts';
import { ReadOnlyRunFolder } from '../training/read_only_folder.ts';
import { RunFolder } from '../training/run_folder.ts';
import { shellWord } from '../shell_word.ts';
import { TrainingRun } from '../training/run.ts';
import { waysOn } from '../training/ways_on.ts';

/** Exit code of a process that stops since another one of its job was asked to: SIGTERM's, as a scheduler sends it. */
const INTERRUPTED_ELSEWHERE = 143;

function describeResult(result: RunResult, folder: RunFolder): string {
  const { epochsDone, best, evaluation, seconds, skipped, skippedSteps } = result;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const lines = [`${counted(epochsDone, 'epoch')} done in ${formatDuration(seconds)}; model: ${folder.last}`];
  if (evaluation !== null)
    lines.push(`  accuracy ${percent(evaluation.accuracy)} on ${evaluation.images} images`);
  if (best !== null) lines.push(`  best: epoch ${best.epoch} with ${percent(best.accuracy)}: ${folder.best}`);
  lines.push(`  curves: tensorboard --logdir ${shellWord(folder.path)}`);
  if (skippedSteps.length > 0) {
    lines.push(`skipped ${counted(skippedSteps.length, 'step')} with numbers that were not finite:`);
    for (const { epoch, step, origin } of skippedSteps.slice(0, 5))
      lines.push(`  epoch ${epoch}, step ${step}: ${describeOrigin(origin)}`);
  }
  if (skipped.length > 0) {
    lines.push(`${skipped.length} images could not be decoded and were skipped (log.jsonl has all):`);
    for (const { message } of skipped.slice(0, 5)) lines.push(`  ${message}`);
  }
  return lines.join('\n');
}

function train(given: TrainOptions, command: Command): Promise<void> {
  return asJob(given.rankTimeout, (communicator) => trainTogether(given, command, communicator));
}

async function trainTogether(
  given: TrainOptions,
  command: Command,
  communicator: Communicator,
): Promise<void> {
  const { rank, size } = communicator;
  const { out = '.' } = given;
  const folder = rank === 0 ? new RunFolder(out) : new ReadOnlyRunFolder(out);
  if (given.printConfig === true) {
    const { options } = await planRun(folder, command, size);
    console.log(JSON.stringify(options, null, 2));
    return;
  }
  if (given.out === undefined)
    throw new ArgumentError('calm train: nowhere to put the run, wanted --out FOLDER');
  try {
    await trainIn(folder, given, command, communicator);
  } finally {
    folder.release();
  }
}

async function trainIn(
  folder: RunFolder,
  given: TrainOptions,
  command: Command,
  communicator: Communicator,
): Promise<void> {
  const { rank, size } = communicator;
  // Before anything of a run is read that another process may be writing.
  if (given.resume === true) await folder.hold();
  const { adapter, note, ...plan } = await planRun(folder, command, size);
  if (note !== null) console.log(note);
  if (given.resume === true) await checkSameCheckpoint(communicator, plan.checkpoint);
  else await folder.make();
  if (plan.checkpoint === null) await folder.begin();
  const engine = await createEngine(engineOptionsOf(adapter, communicator));
  let disposeData = (): Promise<void> => Promise.resolve();
  const interruption = listenForInterruption(() => {
    if (rank === 0)
      console.error('\nfinishing the step and saving (Ctrl-C again: stop at once, without saving)');
  });
  const others = new AbortController();
  const signal = AbortSignal.any([interruption.signal, others.signal]);
  const parallel =
    size === 1
      ? null
      : new DataParallel(communicator, {
          synchronizeBatchNorm: command.opts<TrainOptions>().syncBatchNorm ?? false,
          onStop: () => others.abort(new Interruption(INTERRUPTED_ELSEWHERE)),
        });
  try {
    for (const note of engine.notes) console.log(note);
    const data = await openData(plan.configuration, engine.adapter.software, communicator);
    disposeData = () => data.decoder.dispose();
    for (const note of data.notes) console.log(note);
    const { train: images, evaluated } = data;
    const judged = evaluated === null ? '' : `, judged on ${evaluated.length} of ${evaluated.split}`;
    console.log(
      `${images.name}: ${counted(images.length, 'image')} of ${counted(images.classNames.length, 'class', 'classes')}${judged}`,
    );
    const run = await TrainingRun.open({ engine, folder, data, signal, parallel, ...plan });
    try {
      for (const note of run.notes) console.log(note);
      const result = await run.run();
      console.log(describeResult(result, folder));
      console.log(`training: ${describeResources(engine, result.images, result.seconds)}`);
    } catch (error) {
      // What a full disk, a lost device or numbers that went wrong leave is whole too.
      const { configuration } = plan;
      const stopped = { folder: folder.path, saved: run.saved, processes: size, configuration };
      if (rank === 0) for (const line of waysOn(error, stopped)) console.error(line);
      if (error instanceof ImageDecodeError)
        throw new ImageDecodeError(`${error.message} (--on-bad-image skip goes on without it)`, {
          cause: error,
        });
      if (!(error instanceof Interruption)) throw error;
      process.exitCode = error.exitCode;
    } finally {
      run.dispose();
    }
  } finally {
    interruption.stop();
    await disposeData();
    engine.destroy();
  }
}

/** `calm train`: trains a classifier and keeps everything about it in one folder. */
export function trainCommand(): Command {
  const command = new Command('train')
    .description(
      'train a classifier; --out gets configuration.json, log.jsonl (a line a step and a line an epoch), ' +
        'events for TensorBoard, last.safetensors and best.safetensors. Where nothing else is said, the recipe is the released ' +
        "code's; --official makes it so to the letter: besides the head's form it implies --groups official --keep-last-batch " +
        '--initialisation official',
    )
    .option('--data <folder>', 'pictures and their lists, or folders of classes (see calm data)')
    .addOption(
      new Option(
        '--dataset <kind>',
        'its layout: that of CUB-200-2011, ILSVRC or OpenImages30k, any with split lists, or folders of classes',
      )
        .choices(['auto', ...DATASET_KINDS])
        .default('auto'),
    )
    .option(
      '--metadata <folder>',
      'split lists (train, val, test) that are neither in the data folder nor beside it, in a folder metadata',
    )
    .option(
      '--proxy',
      "train on the lists' smaller image_ids_proxy.txt, as the released --proxy_training_set",
    )
    .option('--only-present', 'leave out images that are not there, and classes of which none is')
    .option(
      '--apply-orientation',
      'turn pictures upright by their EXIF orientation (the released code does not)',
    )
    .option(
      '--workers <count>',
      'threads that decode pictures, 0 for none; results do not depend on it',
      wholeNumber(0),
    )
    .addOption(
      new Option(
        '--on-bad-image <action>',
        'a picture that cannot be decoded: stop, or skip it (another of the set takes its place) and count',
      )
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .addOption(
      new Option(
        '--on-nan <action>',
        'a step whose loss or gradients are not finite: stop, naming the first layer and kernel that made them so, or skip it and go on ' +
          '(up to ten in a row). Either way nothing moves by it, and the checkpoints stay good',
      )
        .choices(['stop', 'skip'])
        .default('stop'),
    )
    .option('--birdlets', 'draw the built-in data set, into --data (default: OUT/birdlets)')
    .option('--birdlets-size <pixels>', 'side of its pictures', wholeNumber(48), 128)
    .addOption(
      new Option('--birdlets-images <train,val,test>', 'how many of them')
        .default([1000, 200, 400], '1000,200,400')
        .argParser(wholeNumbers(1, 3)),
    )
    .option(
      '--weights <file>',
      "ImageNet weights for the trunk: torchvision's .pth, or safetensors with its names (docs/data.md says where they are)",
    );
  return addModelOptions(command, {
    architecture: 'resnet50',
    head: 'calm-em',
    stride: '16, as the released code',
  })
    .option(
      '--small-stem',
      'ResNets, for small images: a first convolution of 3x3 without stride, and no pooling',
    )
    .option('--layers <counts>', 'ResNets: blocks of each stage, such as 2,2,2', wholeNumbers(1))
    .option('--widths <channels>', 'ResNets: width of each stage, such as 16,32,64', wholeNumbers(1))
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
    .addOption(
      new Option(
        '--initialisation <kind>',
        "weights to start from where none are loaded: torchvision's, or the released code's",
      )
        .choices(['torchvision', 'official'])
        .default('torchvision'),
    )
    .option('--epochs <count>', 'last epoch', wholeNumber(1), 40)
    .option('--batch <images>', 'images a step (under mpirun or srun: of each process)', wholeNumber(1), 64)
    .addOption(
      new Option('--global-batch <images>', 'images a step of all processes together, instead of --batch')
        .argParser(wholeNumber(1))
        .conflicts('batch'),
    )
    .addOption(
      new Option(
        '--sync-batch-norm',
        'several processes: batch norms see the batch of all of them, so that training goes as in one process (not with --micro-batch, ' +
          'under which they see parts of it)',
      ).conflicts('microBatch'),
    )
    .addOption(rankTimeoutOption())
    .option(
      '--keep-last-batch',
      'train on the smaller last batch of an epoch too (left out otherwise; which images are in it changes every epoch)',
    )
    .option(
      '--micro-batch <images>',
      'memory for so many images of a batch, whose gradients add up (batch norms then see so many; default: all)',
      wholeNumber(1),
    )
    .option('--recompute', "less memory, the same numbers: compute the insides of the trunk's blocks twice")
    .option('--lr <rate>', 'learning rate of the slow group', number(0, Infinity, { exclusive: true }), 0.01)
    .addOption(
      new Option(
        '--groups <kind>',
        'who learns fast: modules (what is behind the pretrained features: layer4 and the head of a ResNet), official (as the released ' +
          'code finds them by parts of their names: without conv1 of layer4, with the first batch norm), fine-tune (the head), one (nobody)',
      )
        .choices(GROUP_KINDS)
        .default('modules'),
    )
    .option('--fast-factor <factor>', "the fast group's learning rate over the slow one's", number(0), 10)
    .option('--weight-decay <factor>', 'on everything', number(0), 1e-4)
    .option('--momentum <share>', "Nesterov's, 0 for none", number(0, 1), 0.9)
    .addOption(
      new Option('--schedule <kind>', 'constant, cosine, step:EPOCHS or step:EPOCHS:FACTOR')
        .default({ kind: 'step', every: 30, factor: 0.1 } satisfies ScheduleChoice, 'step:30:0.1')
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
    .option('--out <folder>', 'where the run goes')
    .option(
      '--save-every <steps>',
      'save within epochs too: what a crash or a power cut can cost (default: after every epoch)',
      wholeNumber(1),
    )
    .option(
      '--config <file>',
      'options as JSON, such as { "batch": 8, "only-present": true }, or a run\'s configuration.json to repeat it; the command line wins',
    )
    .option('--print-config', 'write all options as such a file would have them, and do nothing else')
    .option(
      '--resume',
      'carry on the run in --out where it was saved, to the same bits as without the interruption; only --epochs, --save-every, ' +
        '--lr, --recompute, --on-nan, --on-bad-image, --workers and --adapter may change. Where last.safetensors is damaged it goes on from previous.safetensors',
    )
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
    .action(train);
}
