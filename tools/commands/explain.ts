import type { ImageResult, ResultContext } from '../explain/results.ts';
import type { Communicator } from '../../src/distributed/communicator.ts';
import type { Failure } from '../explain/images.ts';
import type { LoadedModel } from '../explain/load_model.ts';
import type { GradientChoice, SupersetOptions } from '../explain/method_options.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Wanted } from '../explain/explain_batch.ts';
import type { ModelChoice } from '../options.ts';
import {
  addGradientOptions,
  addSupersetOptions,
  gradientOptions,
  methodsHelp,
  supersetOf,
} from '../explain/method_options.ts';
import { asJob, engineOptionsOf, rankTimeoutOption } from '../job.ts';
import { counted } from '../../src/report/counted.ts';
import { tellInterruption } from '../training/interruption.ts';
import { addWeightsOptions, choices, wholeNumber } from '../options.ts';
import {
  batchOf,
  nameResults,
  picturePaths,
  readClassNames,
  readLabels,
  readPictures,
} from '../explain/images.ts';
import { checkProbabilities } from '../explain/probabilities.ts';
import { chooseMethods, explainBatch } from '../explain/explain_batch.ts';
import { classOf } from '../explain/class_of.ts';
import { Command } from 'commander';
import { countingProgress } from '../progress.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeResources } from '../resources.ts';
import { join } from 'node:path';
import { gatherJson } from '../../src/distributed/communicator.ts';
import { givenChoice } from '../weights/model_of.ts';
import { loadCheckpoint } from '../explain/load_model.ts';
import { METHOD_NAMES } from '../../src/attribution/methods.ts';
import { makeOutFolder } from '../out_folder.ts';
import { printTable } from '../../bench/table.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';
import { writeImageResult } from '../explain/results.ts';

interface ExplainOptions extends ModelChoice, SupersetOptions, GradientChoice {
  readonly checkpoint?: string;
  readonly weights?: string;
  readonly names?: string;
  readonly class?: string;
  readonly versus?: string;
  readonly method?: readonly MethodName[];
  readonly top: number;
  readonly labels?: string;
  readonly size?: number;
  readonly batch: number;
  readonly out: string;
  readonly adapter?: string;
  readonly rankTimeout: number;
}

async function wantedOf(options: ExplainOptions, loaded: LoadedModel): Promise<Wanted> {
  const classIndex = classOf('class', options.class, loaded);
  const versus = classOf('versus', options.versus, loaded);
  const subset = (await supersetOf(options, loaded))?.classes;
  return {
    classIndex,
    versus,
    subset,
    methods: chooseMethods(loaded.model, options.method, subset !== undefined),
    options: gradientOptions(options),
    ...(options.smoothing === undefined ? {} : { smoothing: options.smoothing }),
  };
}

function printResults(results: readonly ImageResult[]): void {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const labelled = results.some(({ label }) => label !== undefined);
  const complete = results.some(({ completeness }) => completeness !== null);
  printTable(
    [
      'image',
      'most probable',
      'p',
      'second',
      'p',
      'explained',
      ...(complete ? ['p(y|x)', 'joint sum'] : []),
      ...(labelled ? ['label', ''] : []),
    ],
    results.map(({ image, top, explained, completeness, label, correct }) => [
      image.replaceAll('\\', '/').split('/').at(-1) ?? image,
      ...[top[0], top[1]].flatMap((entry) =>
        entry === undefined ? ['', ''] : [entry.name ?? String(entry.class), percent(entry.probability)],
      ),
      explained.name ?? String(explained.class),
      ...(complete ? [explained.probability.toFixed(6), completeness?.sum.toFixed(6) ?? ''] : []),
      ...(labelled ? [label === undefined ? '' : String(label), verdictOf(correct)] : []),
    ]),
  );
}

/** Of an image without a label there is none. */
function verdictOf(correct: boolean | undefined): string {
  if (correct === undefined) return '';
  return correct ? 'right' : 'wrong';
}

function explain(paths: readonly string[], options: ExplainOptions, command: Command): Promise<void> {
  return asJob(options.rankTimeout, (job) => explainTogether(paths, options, command, job));
}

/** What came of a batch of images, the first of which has this number. */
interface BatchResults {
  readonly first: number;
  readonly results: readonly ImageResult[];
  readonly failures: readonly Failure[];
}

async function explainTogether(
  given: readonly string[],
  options: ExplainOptions,
  command: Command,
  communicator: Communicator,
): Promise<void> {
  const { rank, size: processes } = communicator;
  const { checkpoint, weights, batch, out, top } = options;
  if ((checkpoint === undefined) === (weights === undefined))
    command.error('error: one of --checkpoint FILE and --weights FILE is needed', { exitCode: 1 });
  const paths = await picturePaths(given);
  const labelOf = options.labels === undefined ? () => undefined : await readLabels(options.labels);
  const engine = await createEngine(engineOptionsOf(options.adapter, communicator));
  let stopTelling = (): void => undefined;
  try {
    for (const note of engine.notes) console.log(note);
    const loadedFile = checkpoint ?? weights ?? '';
    const loaded = await loadCheckpoint(engine, loadedFile, givenChoice(command, options));
    const { model } = loaded;
    const classNames = options.names === undefined ? loaded.classNames : await readClassNames(options.names);
    const wanted = await wantedOf(options, { ...loaded, classNames });
    const size = options.size ?? loaded.crop ?? 224;
    await makeOutFolder(out);

    const files = nameResults(paths);
    const own: BatchResults[] = [];
    const progress = countingProgress('explaining');
    if (rank === 0)
      stopTelling = tellInterruption(() => {
        const done = own.reduce((sum, part) => sum + part.results.length, 0);
        return `maps of ${done} of ${counted(paths.length, 'image')} are in ${out}; explanations.json comes at the end`;
      });
    const start = performance.now();
    // Processes take batches in turn, each of the images that one process would have in it.
    for (let first = rank * batch; first < paths.length; first += batch * processes) {
      const { pictures, failures } = await readPictures(files.slice(first, first + batch));
      const results: ImageResult[] = [];
      own.push({ first, results, failures });
      const explanations =
        pictures.length === 0 ? [] : await explainBatch(model, batchOf(pictures, size), wanted);
      for (const [place, explanation] of explanations.entries()) {
        const picture = pictures[place];
        if (picture === undefined) continue;
        checkProbabilities(explanation.probabilities, { file: loadedFile, image: picture.path });
        const context: ResultContext = {
          out,
          classNames,
          subset: wanted.subset,
          top,
          label: labelOf(picture.path),
        };
        results.push(await writeImageResult(picture, explanation, context));
      }
      progress(Math.min(first + batch, paths.length), paths.length);
    }
    const all = (await gatherJson(communicator, own)).flat().toSorted((a, b) => a.first - b.first);
    const results = all.flatMap((part) => part.results);
    const failed = all.flatMap((part) => part.failures);
    const seconds = (performance.now() - start) / 1000;
    // The first process tells of all.
    if (rank > 0) return;

    const labelled = results.filter(({ label }) => label !== undefined);
    const right = labelled.filter(({ correct }) => correct === true).length;
    const file = join(out, 'explanations.json');
    const content = {
      source: loadedFile,
      model: model.configuration,
      adapter: engine.adapter,
      size,
      secondsPerImage: seconds / Math.max(results.length, 1),
      ...(labelled.length === 0 ? {} : { labelled: labelled.length, right }),
      images: results,
      errors: failed,
    };
    // Where nothing could be explained, what an earlier run left there stays.
    if (results.length > 0) {
      await writeFileAtomically(file, `${JSON.stringify(content, null, 2)}\n`);
      printResults(results);
    }
    if (labelled.length > 0) console.log(`${right} of ${labelled.length} right`);
    for (const { message } of failed) console.error(`calm explain: ${message}`);
    if (failed.length > 0) process.exitCode = 1;
    console.log(describeResources(engine, results.length, seconds));
    console.log(
      `${results.length > 0 ? `${file}: ` : ''}${results.length} explained, ${failed.length} failed`,
    );
  } finally {
    stopTelling();
    engine.destroy();
  }
}

/** `calm explain`: what a trained model saw, where, for a list of images. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description(
      'explain images: overlays of the attribution maps (PNG, in the size of the image), the raw maps ' +
        '(safetensors), and explanations.json with classes, probabilities and the completeness sum',
    )
    .argument('<images...>', 'PNG or JPEG files, or folders of them')
    .option(
      '--checkpoint <file>',
      'a model that calm train saved, or a checkpoint of the released code (.pth.tar, with --head)',
    )
    .option(
      '--weights <file>',
      'or plain weights (safetensors or .pth): of torchvision, whose fc becomes the head of a CAM, or of CALM',
    );
  addWeightsOptions(command)
    .option('--names <file>', 'class names, one a line (default: those of the checkpoint)')
    .option('--class <class>', 'class to explain, by number (from 0) or name (default: the most probable)')
    .option(
      '--versus <class>',
      'class that the counterfactual compares with (default: the most probable other one)',
    )
    .option(
      '--method <names>',
      'which maps, names between commas; all are listed below (default: all maps of the head itself)',
      choices(METHOD_NAMES),
    );
  addSupersetOptions(command);
  addGradientOptions(command);
  return command
    .option('--top <count>', 'most probable classes to list', wholeNumber(1), 5)
    .option('--labels <file>', 'true classes, IMAGE,LABEL a line: prints how many images are right')
    .option(
      '--size <pixels>',
      "side that images are scaled to (default: the checkpoint's crop, else 224)",
      wholeNumber(1),
    )
    .option('--batch <images>', 'images at a time', wholeNumber(1), 8)
    .option('--out <folder>', 'where the results go', 'explanations')
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
    .addOption(rankTimeoutOption())
    .addHelpText(
      'after',
      '\n--head, --official and --output-stride say of weights made elsewhere what their tensors do not: --head is needed for those of ' +
        'CALM, whose form is the released one unless --no-official is given. A checkpoint of calm train knows its own.',
    )
    .addHelpText('after', methodsHelp())
    .action(explain);
}
