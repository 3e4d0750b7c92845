import type { ImageResult, ResultContext } from '../explain/results.ts';
import type { Failure } from '../explain/images.ts';
import type { LoadedModel } from '../explain/load_model.ts';
import type { MapKind, Wanted } from '../explain/explain_batch.ts';
import type { ModelChoice } from '../options.ts';
import { addModelOptions, choices, givenOptions, wholeNumber, wholeNumbers } from '../options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { batchOf, nameResults, readClassNames, readLabels, readPictures } from '../explain/images.ts';
import { chooseMaps, explainBatch, MAP_KINDS } from '../explain/explain_batch.ts';
import { Command } from 'commander';
import { countingProgress } from '../progress.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeResources } from '../resources.ts';
import { join } from 'node:path';
import { loadCheckpoint, loadWeights } from '../explain/load_model.ts';
import { mkdir } from 'node:fs/promises';
import { printTable } from '../../bench/table.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';
import { writeImageResult } from '../explain/results.ts';

interface ExplainOptions extends ModelChoice {
  readonly checkpoint?: string;
  readonly weights?: string;
  readonly names?: string;
  readonly class?: string;
  readonly versus?: string;
  readonly subset?: readonly number[];
  readonly maps?: readonly MapKind[];
  readonly top: number;
  readonly labels?: string;
  readonly size?: number;
  readonly batch: number;
  readonly out: string;
  readonly adapter?: string;
}

/** What only plain weights need to be told. */
const MODEL_OPTIONS = new Set(['architecture', 'head', 'official', 'outputStride', 'largeFeatureMap']);

/** A class by its number or its name. */
function classOf(
  option: string,
  text: string | undefined,
  { model, classNames }: LoadedModel,
): number | undefined {
  if (text === undefined) return undefined;
  const { classes } = model.configuration;
  const index = /^\d+$/.test(text) ? Number(text) : (classNames?.indexOf(text) ?? -1);
  if (index >= 0 && index < classes) return index;
  const names = classNames === null ? '' : `, or a class name such as ${classNames[0] ?? ''}`;
  throw new ArgumentError(`--${option}: got ${text}, wanted a whole number from 0 to ${classes - 1}${names}`);
}

function wantedOf(options: ExplainOptions, loaded: LoadedModel): Wanted {
  const { subset } = options;
  const classIndex = classOf('class', options.class, loaded);
  const versus = classOf('versus', options.versus, loaded);
  for (const member of subset ?? []) classOf('subset', String(member), loaded);
  return { classIndex, versus, subset, maps: chooseMaps(loaded.model, options.maps, subset !== undefined) };
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
      ...(labelled ? [label === undefined ? '' : String(label), correct === true ? 'right' : 'wrong'] : []),
    ]),
  );
}

async function explain(paths: readonly string[], options: ExplainOptions, command: Command): Promise<void> {
  const { checkpoint, weights, batch, out, top } = options;
  if ((checkpoint === undefined) === (weights === undefined))
    command.error('error: one of --checkpoint FILE and --weights FILE is needed', { exitCode: 1 });
  const ignored = givenOptions(command, (name) => MODEL_OPTIONS.has(name));
  if (checkpoint !== undefined && ignored !== '')
    throw new ArgumentError(`--checkpoint: it knows its own ${ignored}; they are for --weights`);
  const labelOf = options.labels === undefined ? () => undefined : await readLabels(options.labels);
  const engine = await createEngine({ adapter: options.adapter });
  try {
    for (const note of engine.notes) console.log(note);
    const loaded =
      checkpoint === undefined
        ? await loadWeights(engine, weights ?? '', options)
        : await loadCheckpoint(engine, checkpoint);
    const { model } = loaded;
    const classNames = options.names === undefined ? loaded.classNames : await readClassNames(options.names);
    const wanted = wantedOf(options, { ...loaded, classNames });
    const size = options.size ?? loaded.crop ?? 224;
    await mkdir(out, { recursive: true });

    const files = nameResults(paths);
    const results: ImageResult[] = [];
    const failed: Failure[] = [];
    const progress = countingProgress('explaining');
    const start = performance.now();
    for (let first = 0; first < paths.length; first += batch) {
      const { pictures, failures } = await readPictures(files.slice(first, first + batch));
      failed.push(...failures);
      const explanations =
        pictures.length === 0 ? [] : await explainBatch(model, batchOf(pictures, size), wanted);
      for (const [place, explanation] of explanations.entries()) {
        const picture = pictures[place];
        if (picture === undefined) continue;
        const context: ResultContext = {
          out,
          classNames,
          subset: options.subset,
          top,
          label: labelOf(picture.path),
        };
        results.push(await writeImageResult(picture, explanation, context));
      }
      progress(Math.min(first + batch, paths.length), paths.length);
    }
    const seconds = (performance.now() - start) / 1000;

    const labelled = results.filter(({ label }) => label !== undefined);
    const right = labelled.filter(({ correct }) => correct === true).length;
    const file = join(out, 'explanations.json');
    const content = {
      source: checkpoint ?? weights,
      model: model.configuration,
      adapter: engine.adapter,
      size,
      secondsPerImage: seconds / Math.max(results.length, 1),
      ...(labelled.length === 0 ? {} : { labelled: labelled.length, right }),
      images: results,
      errors: failed,
    };
    await writeFileAtomically(file, `${JSON.stringify(content, null, 2)}\n`);
    if (results.length > 0) printResults(results);
    if (labelled.length > 0) console.log(`${right} of ${labelled.length} right`);
    for (const { message } of failed) console.error(`calm explain: ${message}`);
    if (failed.length > 0) process.exitCode = 1;
    console.log(describeResources(engine, results.length, seconds));
    console.log(`${file}: ${results.length} explained, ${failed.length} failed`);
    model.dispose();
  } finally {
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
    .argument('<images...>', 'PNG or JPEG files')
    .option('--checkpoint <file>', 'a model that calm train saved')
    .option(
      '--weights <file>',
      'or plain PyTorch weights (safetensors): of torchvision, whose fc becomes the head of a CAM, or of CALM',
    );
  return addModelOptions(command, 'cam', "32 for torchvision's weights, 16 for CALM's")
    .option('--names <file>', 'class names, one a line (default: those of the checkpoint)')
    .option('--class <class>', 'class to explain, by number (from 0) or name (default: the most probable)')
    .option(
      '--versus <class>',
      'class that the counterfactual compares with (default: the most probable other one)',
    )
    .option('--subset <classes>', 'numbers of classes whose maps are summed, such as 1,2,3', wholeNumbers(0))
    .option(
      '--maps <kinds>',
      `which maps: ${MAP_KINDS.join(',')} (default: all that the head has)`,
      choices(MAP_KINDS),
    )
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
    .addHelpText(
      'after',
      '\n--architecture, --head, --official and --output-stride describe --weights; a checkpoint knows its own.',
    )
    .action(explain);
}
