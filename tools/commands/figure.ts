import type { Engine } from '../../src/runtime/engine.ts';
import type { FigureContext } from '../explain/figures.ts';
import type { LoadedModel } from '../explain/load_model.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { ModelChoice } from '../options.ts';
import type { Panel } from '../../src/report/panels.ts';
import type { Picture } from '../explain/images.ts';
import type { Superset } from '../../src/attribution/superset.node.ts';
import type { SupersetOptions } from '../explain/method_options.ts';
import { addWeightsOptions, choices, wholeNumber } from '../options.ts';
import { addSupersetOptions, supersetOf } from '../explain/method_options.ts';
import { allMapsRow, counterfactualRow, hierarchyRow, withClasses } from '../explain/figures.ts';
import { Argument, Command } from 'commander';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { classOf } from '../explain/class_of.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { defaultMethod, METHOD_NAMES } from '../../src/attribution/methods.ts';
import { dirname } from 'node:path';
import { encodePng } from '../../src/data/png/png.node.ts';
import { givenChoice } from '../weights/model_of.ts';
import { loadCheckpoint } from '../explain/load_model.ts';
import { makeOutFolder } from '../out_folder.ts';
import { nameCheckpoints } from '../evaluate/checkpoints.ts';
import { nameResults, picturePaths, readClassNames, readPictures } from '../explain/images.ts';
import { panelFigure } from '../../src/report/panels.ts';
import { resolveSuperset } from '../../src/attribution/superset.node.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

const KINDS = ['counterfactual', 'maps', 'hierarchy'] as const;

type Kind = (typeof KINDS)[number];

interface FigureCommandOptions extends ModelChoice, SupersetOptions {
  readonly checkpoint: readonly string[];
  readonly methods?: readonly MethodName[];
  readonly names?: string;
  readonly class?: string;
  readonly versus?: string;
  readonly level?: readonly string[];
  readonly size?: number;
  readonly side: number;
  readonly plain?: true;
  readonly out: string;
  readonly adapter?: string;
}

/** One model that rows are drawn of. */
interface Subject {
  readonly loaded: LoadedModel;
  readonly context: FigureContext;
  readonly superset: Superset | undefined;
  readonly levels: readonly Superset[];
}

async function subjectOf(name: string, loaded: LoadedModel, options: FigureCommandOptions): Promise<Subject> {
  const { isA, synsets } = options;
  const { model, crop } = loaded;
  const classNames = options.names === undefined ? loaded.classNames : await readClassNames(options.names);
  const known = { model, classNames };
  const { classes: classCount } = model.configuration;
  return {
    loaded,
    context: {
      name,
      ...known,
      size: options.size ?? crop ?? 224,
      plain: options.plain === true,
      classIndex: classOf('class', options.class, known),
      versus: classOf('versus', options.versus, known),
    },
    superset: await supersetOf(options, known),
    levels: await Promise.all(
      (options.level ?? []).map((level) => resolveSuperset(level, { classCount, classNames, isA, synsets })),
    ),
  };
}

/** The rows of one picture: one a model, of counterfactuals one a model and method, all of the same two classes. */
async function rowsOf(
  kind: Kind,
  picture: Picture,
  subjects: readonly Subject[],
  methods: readonly MethodName[] | undefined,
): Promise<Panel[][]> {
  const [first] = subjects;
  if (first === undefined) return [];
  const settled = kind === 'counterfactual' ? await withClasses(first.context, picture) : first.context;
  const rows: Panel[][] = [];
  for (const { context, superset, levels } of subjects) {
    if (kind === 'maps') rows.push(await allMapsRow(context, picture, superset));
    else if (kind === 'hierarchy') rows.push(await hierarchyRow(context, picture, levels));
    else {
      const own = defaultMethod(context.model.configuration.head.kind);
      for (const method of methods ?? [own]) {
        const compared = { ...context, classIndex: settled.classIndex, versus: settled.versus };
        const title = subjects.length > 1 ? context.name : picture.name;
        rows.push(await counterfactualRow(compared, picture, method, title));
      }
    }
  }
  return rows;
}

/** All models, which must have the same classes to be compared. */
async function subjectsOf(
  engine: Engine,
  kind: Kind,
  options: FigureCommandOptions,
  command: Command,
): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const { path, name } of await nameCheckpoints(options.checkpoint)) {
    const loaded = await loadCheckpoint(engine, path, givenChoice(command, options));
    const { head, classes } = loaded.model.configuration;
    if (kind === 'maps' && head.kind === 'cam')
      throw new ArgumentError('figure: a cam head has one map, wanted counterfactual or hierarchy');
    const others = subjects[0]?.loaded.model.configuration.classes ?? classes;
    if (classes !== others)
      throw new ArgumentError(`figure: ${path} knows ${classes} classes, the first checkpoint ${others}`);
    subjects.push(await subjectOf(name, loaded, options));
  }
  return subjects;
}

async function figure(
  kind: Kind,
  paths: readonly string[],
  options: FigureCommandOptions,
  command: Command,
): Promise<void> {
  const { out, side, methods } = options;
  if (methods !== undefined && kind !== 'counterfactual')
    throw new ArgumentError(`figure: --methods are for counterfactual, ${kind} has its own maps`);
  const engine = await createEngine({ adapter: options.adapter });
  try {
    for (const note of engine.notes) console.log(note);
    const subjects = await subjectsOf(engine, kind, options, command);
    const { pictures, failures } = await readPictures(nameResults(await picturePaths(paths)));
    for (const { message } of failures) console.error(`calm figure: ${message}`);
    if (failures.length > 0) process.exitCode = 1;
    const rows: Panel[][] = [];
    for (const picture of pictures) rows.push(...(await rowsOf(kind, picture, subjects, methods)));
    if (rows.length > 0) {
      await makeOutFolder(dirname(out));
      await writeFileAtomically(out, encodePng(panelFigure(rows, { side })));
      console.log(out);
    }
    for (const { loaded } of subjects) loaded.model.dispose();
  } finally {
    engine.destroy();
  }
}

/** `calm figure`: a picture for a paper, a row an image. */
export function figureCommand(): Command {
  const command = new Command('figure')
    .description(
      'draw a figure (PNG), a row an image and model, with titles and colour bars: counterfactual (A, B, A - B), maps ' +
        '(all six of CALM), hierarchy (sums over growing sets of classes)',
    )
    .addArgument(new Argument('<kind>', 'which figure').choices(KINDS))
    .argument('<images...>', 'PNG or JPEG files, or folders of them')
    .requiredOption(
      '--checkpoint <file>',
      'a model that calm train saved, or other weights; give it several times to compare models, a row each',
      (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
    )
    .option(
      '--methods <names>',
      "of counterfactual, between commas, a row each (default: the head's own, joint or cam)",
      choices(METHOD_NAMES),
    )
    .option('--names <file>', 'class names, one a line (default: those of the checkpoint)')
    .option('--class <class>', 'A: class to explain, by number or name (default: the most probable)')
    .option('--versus <class>', 'B: class to compare with (default: the most probable other one)')
    .option(
      '--level <set...>',
      'of hierarchy, from small to large: all-birds, wordnet:SYNSET or FILE (default: the 2, 4, 8 ... likeliest classes)',
    )
    .option(
      '--size <pixels>',
      "side that images are scaled to (default: the checkpoint's crop, else 224)",
      wholeNumber(1),
    )
    .option('--side <pixels>', "side of a panel's picture", wholeNumber(32), 240)
    .option('--plain', 'maps alone, in exactly the colours of their bars, not over the picture')
    .option('--out <file>', 'where the picture goes', 'figure.png')
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name");
  addSupersetOptions(command);
  return addWeightsOptions(command).action(figure);
}
