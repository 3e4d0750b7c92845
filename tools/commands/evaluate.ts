import type { Communicator } from '../../src/distributed/communicator.ts';
import { asJob, engineOptionsOf, rankTimeoutOption } from '../job.ts';
import { tellInterruption } from '../training/interruption.ts';
import { ReadOnlyResultStore } from '../evaluate/read_only_store.ts';
import type { DatasetKind, Split } from '../../src/data/image_dataset.ts';
import type { EvaluationData } from '../evaluate/data.ts';
import type { EvaluationSettings, Metric } from '../evaluate/settings.ts';
import type { Fill } from '../../src/eval/erasure.ts';
import type { GradientChoice, SupersetOptions } from '../explain/method_options.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { LoadedModel } from '../explain/load_model.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { ModelChoice } from '../options.ts';
import type { ModelOutcome } from '../../src/report/outcome.ts';
import type { Normalisation } from '../../src/eval/score_map.ts';
import type { ThresholdType } from '../../src/eval/pixel_average_precision.ts';
import {
  addGradientOptions,
  addSupersetOptions,
  gradientOptions,
  methodsHelp,
  supersetOf,
} from '../explain/method_options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { chooseExhibits, exhibitMaps, galleryOf } from '../evaluate/gallery.ts';
import { addWeightsOptions, choices, number, numbers, wholeNumber } from '../options.ts';
import { Command, Option } from 'commander';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { DATASET_KINDS, SPLITS } from '../../src/data/image_dataset.ts';
import { defaultMethod, METHOD_NAMES, offersMethod } from '../../src/attribution/methods.ts';
import { describeResources } from '../resources.ts';
import { ERASED_SHARES } from '../../src/eval/remove_and_classify.ts';
import { FILLS } from '../../src/eval/erasure.ts';
import { counted } from '../../src/report/counted.ts';
import { formatDuration, timedProgress } from '../progress.ts';
import { givenChoice } from '../weights/model_of.ts';
import { join, resolve } from 'node:path';
import { loadCheckpoint } from '../explain/load_model.ts';
import { METRICS } from '../evaluate/settings.ts';
import { makeOutFolder } from '../out_folder.ts';
import { nameCheckpoints } from '../evaluate/checkpoints.ts';
import { NORMALISATIONS } from '../../src/eval/score_map.ts';
import { officialGaps, writeEvaluation } from '../evaluate/report.ts';
import { openEvaluationData } from '../evaluate/data.ts';
import { planModel } from '../evaluate/evaluate_model.ts';
import { ResultStore } from '../evaluate/result_store.ts';
import { shellWord } from '../shell_word.ts';

interface EvaluateOptions extends SupersetOptions, GradientChoice, ModelChoice {
  readonly data: string;
  readonly dataset: DatasetKind | 'auto';
  readonly split: Split;
  readonly metadata?: string;
  readonly onlyPresent?: true;
  readonly images?: number;
  readonly metrics: readonly Metric[];
  readonly methods?: readonly MethodName[];
  readonly officialCue?: true;
  readonly size?: number;
  readonly crop?: number;
  readonly normalisation?: Normalisation;
  readonly thresholds?: ThresholdType;
  readonly interval: number;
  readonly erase: readonly number[];
  readonly fill: Fill;
  readonly draws: number;
  readonly bins: number;
  readonly gallery: number;
  readonly batch: number;
  readonly out: string;
  readonly adapter?: string;
  readonly rankTimeout: number;
}

/** Side of the images that a network sees where its file does not say. */
const USUAL_CROP = 224;

function settingsOf(options: EvaluateOptions): Omit<EvaluationSettings, 'superset' | 'size'> {
  return {
    interval: options.interval,
    normalisation: options.normalisation,
    thresholdType: options.thresholds,
    shares: options.erase.toSorted((a, b) => a - b),
    fill: options.fill,
    draws: options.draws,
    seed: options.seed ?? 0,
    gradient: gradientOptions(options),
    smoothing: options.smoothing ?? 1,
    calibrationBins: options.bins,
    batch: options.batch,
  };
}

/** The methods of a row: of those that were named the ones that the head has; else the head's own, and with a superset its sum. */
function methodsFor(
  head: HeadKind,
  named: readonly MethodName[] | undefined,
  hasSuperset: boolean,
): MethodName[] {
  if (named !== undefined) return named.filter((name) => offersMethod(head, name));
  const sum: MethodName = head === 'cam' ? 'cam-subset' : 'subset';
  return [defaultMethod(head), ...(hasSuperset ? [sum] : [])];
}

function describe({ model: { configuration } }: LoadedModel): string {
  const { architecture, head, classes } = configuration;
  return `${architecture}, ${head.kind}, ${counted(classes, 'class', 'classes')}`;
}

function evaluate(paths: readonly string[], options: EvaluateOptions, command: Command): Promise<void> {
  return asJob(options.rankTimeout, (job) => evaluateTogether(paths, options, command, job));
}

async function evaluateTogether(
  paths: readonly string[],
  options: EvaluateOptions,
  command: Command,
  communicator: Communicator,
): Promise<void> {
  const start = performance.now();
  const out = resolve(options.out);
  const checkpoints = await nameCheckpoints(paths);
  const isFirst = communicator.rank === 0;
  const store = new (isFirst ? ResultStore : ReadOnlyResultStore)(join(out, 'results'));
  const base = settingsOf(options);
  const opened = new Map<number, EvaluationData>();
  const notes = new Set<string>();
  const outcomes: ModelOutcome[] = [];
  const maps: Parameters<typeof galleryOf>[3] = new Map();
  const galleryMaps = new Map(maps);
  const stopTelling = isFirst
    ? tellInterruption(
        () => `what has been measured is in ${store.folder}; the same command goes on from there`,
      )
    : () => undefined;
  const engine = await createEngine(engineOptionsOf(options.adapter, communicator));
  try {
    for (const note of engine.notes) console.log(note);
    await makeOutFolder(out);
    for (const [place, checkpoint] of checkpoints.entries()) {
      const loaded = await loadCheckpoint(engine, checkpoint.path, givenChoice(command, options));
      try {
        const crop = options.crop ?? loaded.crop ?? USUAL_CROP;
        const data =
          opened.get(crop) ?? (await openEvaluationData({ ...choiceOf(options), crop, communicator }));
        opened.set(crop, data);
        checkClasses(checkpoint.path, loaded, data);
        if (options.metrics.includes('cue')) for (const note of data.cueNotes) notes.add(note);
        const superset = (await supersetOf(options, loaded)) ?? null;
        const settings = { ...base, size: data.size, superset };
        if (superset !== null)
          notes.add(
            `${checkpoint.name}: superset ${superset.name}, ${counted(superset.classes.length, 'class', 'classes')}.`,
          );
        const methods = methodsFor(loaded.model.configuration.head.kind, options.methods, superset !== null);
        if (methods.length === 0)
          notes.add(
            `${checkpoint.name}: its head has none of the methods ${options.methods?.join(', ') ?? ''}.`,
          );
        const { path, name, hash } = checkpoint;
        const task = {
          name,
          file: path,
          description: describe(loaded),
          hash,
          methods,
          metrics: options.metrics,
        };
        const getModel = () => Promise.resolve(loaded.model);
        const plan = await planModel(getModel, task, data, settings, store);
        // Before anybody keeps a result, so that all have planned the same passes.
        await communicator.barrier();
        const title = `${name} (${place + 1} of ${checkpoints.length})`;
        if (plan.passes.length === 0) console.log(`${title}: all is known from before`);
        for (const [i, pass] of plan.passes.entries()) {
          const progress = timedProgress(
            `${title} ${i + 1}/${plan.passes.length} ${pass.title}`,
            data.images,
          );
          try {
            await pass.run((images) => progress.update(images));
          } finally {
            progress.stop();
          }
        }
        // Pictures, tables and the report are the first process's.
        if (!isFirst) continue;
        const exhibits = await chooseExhibits(data, options.gallery);
        galleryMaps.set(
          name,
          await exhibitMaps(
            getModel,
            data,
            settings,
            exhibits,
            crop,
            { name, hash, methods },
            join(out, 'maps'),
          ),
        );
        outcomes.push(plan.outcome());
      } finally {
        loaded.model.dispose();
      }
    }
    const [data] = opened.values();
    if (data === undefined || !isFirst) return;
    const gallery = await galleryOf(
      data,
      data.size,
      await chooseExhibits(data, options.gallery),
      galleryMaps,
    );
    const seconds = (performance.now() - start) / 1000;
    const context = {
      out,
      adapter: engine.adapter,
      data,
      settings: { ...base, size: data.size, superset: null },
      officialCue: options.officialCue === true,
      notes: [...notes],
      gallery,
      seconds,
      command: `calm evaluate ${process.argv.slice(3).map(shellWord).join(' ')}`,
    };
    const table = await writeEvaluation(outcomes, context);
    console.log(`\n${table}\n`);
    for (const note of notes) console.log(note);
    if (options.officialCue === true) {
      console.log('Official accumulation over pairs against each pair by itself:');
      for (const line of officialGaps(outcomes)) console.log(`  ${line}`);
    }
    console.log(`${describeResources(engine, data.images, seconds)}, ${formatDuration(seconds)} in all`);
    console.log(
      `Report: ${join(out, 'report.html')}; tables: ${join(out, 'table.{txt,json,csv,tex}')}; plots: ${join(out, 'plots')}`,
    );
  } finally {
    stopTelling();
    engine.destroy();
  }
}

function choiceOf(options: EvaluateOptions) {
  const { data, split, dataset, metadata, onlyPresent = false, images, size, batch } = options;
  return { folder: data, split, kind: dataset, metadata, onlyPresent, images, size, batch };
}

/** A model of other classes than the data set's would be measured on nonsense. */
function checkClasses(path: string, { model }: LoadedModel, { name, classNames }: EvaluationData): void {
  const { classes } = model.configuration;
  if (classNames.length !== classes)
    throw new ArgumentError(
      `${path}: knows ${counted(classes, 'class', 'classes')}, ${name} has ${classNames.length}: wanted the classes that it was trained on ` +
        `(--only-present leaves out those without pictures: as in its training; else have a picture of each there, or measure a model that was trained with it)`,
    );
}

/** `calm evaluate`: the paper's tables and figures of any checkpoints and methods. */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description(
      "measure models and their attribution maps: the paper's tables 1 to 3 and figure 5 as one table (text, JSON, CSV, LaTeX) and one " +
        'page with curves and maps; what is already in the output folder is not measured again',
    )
    .argument('<checkpoints...>', 'models that calm train saved, or any weights that calm explain takes')
    .requiredOption('--data <folder>', 'a data set with its annotations (see calm train)')
    .addOption(new Option('--dataset <kind>', 'its kind').choices(['auto', ...DATASET_KINDS]).default('auto'))
    .addOption(new Option('--split <name>', 'to measure on').choices(SPLITS).default('test'))
    .option(
      '--metadata <folder>',
      "the lists of the splits (default: metadata in the data folder or beside it, else CUB's own split)",
    )
    .option('--only-present', 'CUB: leave out images that are not on disk, and classes without any')
    .option('--images <count>', 'only so many images, evenly spread over the split', wholeNumber(1))
    .option('--metrics <names>', `between commas, of ${METRICS.join(', ')}`, choices(METRICS), METRICS)
    .option(
      '--methods <names>',
      "between commas (default: joint for CALM, cam for CAM, and the superset's sum where there is one)",
      choices(METHOD_NAMES),
    )
    .option(
      '--official-cue',
      "cues: average precision accumulated over pairs, as the released code's evaluator does",
    )
    .option(
      '--size <pixels>',
      'side at which maps meet masks and boxes (default: that of exact part masks, as birdlets have, else 224)',
      wholeNumber(1),
    )
    .option(
      '--crop <pixels>',
      "side of the images that networks see (default: the checkpoint's, else 224)",
      wholeNumber(1),
    )
    .addOption(
      new Option(
        '--normalisation <kind>',
        'of cues to [0, 1] (default: clipping for probabilities, minmax for other maps)',
      ).choices(NORMALISATIONS),
    )
    .addOption(
      new Option('--thresholds <type>', 'of cues (default: log for clipped maps, even for others)').choices([
        'even',
        'log',
      ]),
    )
    .option('--interval <share>', 'between thresholds', number(0, 0.5, { exclusive: true }), 0.001)
    .option('--erase <shares>', 'of the pixels, between commas', numbers(0, 1), ERASED_SHARES)
    .addOption(new Option('--fill <kind>', 'what erased pixels become').choices(FILLS).default('zero'))
    .option('--draws <count>', 'random erasures of each image', wholeNumber(1), 3)
    .option('--bins <count>', 'of the calibration error', wholeNumber(1), 15)
    .option('--gallery <pictures>', 'shown in the report', wholeNumber(0), 9)
    .option('--batch <images>', 'at a time', wholeNumber(1), 32)
    .option('--out <folder>', 'where results, tables and the report go', 'evaluation')
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
    .addOption(rankTimeoutOption())
    .addHelpText('after', methodsHelp())
    .action(evaluate);
  return addWeightsOptions(addGradientOptions(addSupersetOptions(command)));
}
