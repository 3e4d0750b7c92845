import type { FigureContext } from '../explain/figures.ts';
import type { ModelChoice } from '../options.ts';
import type { Panel } from '../../src/report/panels.ts';
import type { SupersetOptions } from '../explain/method_options.ts';
import { addWeightsOptions, wholeNumber } from '../options.ts';
import { addSupersetOptions, supersetOf } from '../explain/method_options.ts';
import { allMapsRow, counterfactualRow, hierarchyRow } from '../explain/figures.ts';
import { Argument, Command } from 'commander';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { classOf } from '../explain/class_of.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { dirname } from 'node:path';
import { encodePng } from '../../src/data/png/png.node.ts';
import { givenChoice } from '../weights/model_of.ts';
import { loadCheckpoint } from '../explain/load_model.ts';
import { mkdir } from 'node:fs/promises';
import { nameResults, readClassNames, readPictures } from '../explain/images.ts';
import { panelFigure } from '../../src/report/panels.ts';
import { resolveSuperset } from '../../src/attribution/superset.node.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

const KINDS = ['counterfactual', 'maps', 'hierarchy'] as const;

type Kind = (typeof KINDS)[number];

interface FigureCommandOptions extends ModelChoice, SupersetOptions {
  readonly checkpoint: string;
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

async function figure(
  kind: Kind,
  paths: readonly string[],
  options: FigureCommandOptions,
  command: Command,
): Promise<void> {
  const { checkpoint, out, side, isA, synsets } = options;
  const engine = await createEngine({ adapter: options.adapter });
  try {
    for (const note of engine.notes) console.log(note);
    const loaded = await loadCheckpoint(engine, checkpoint, givenChoice(command, options));
    const { model, crop } = loaded;
    if (kind === 'maps' && model.configuration.head.kind === 'cam')
      throw new ArgumentError('figure: a cam head has one map, wanted counterfactual or hierarchy');
    const classNames = options.names === undefined ? loaded.classNames : await readClassNames(options.names);
    const known = { model, classNames };
    const context: FigureContext = {
      ...known,
      size: options.size ?? crop ?? 224,
      plain: options.plain === true,
      classIndex: classOf('class', options.class, known),
      versus: classOf('versus', options.versus, known),
    };
    const superset = await supersetOf(options, known);
    const { classes: classCount } = model.configuration;
    const levels = await Promise.all(
      (options.level ?? []).map((level) => resolveSuperset(level, { classCount, classNames, isA, synsets })),
    );
    const { pictures, failures } = await readPictures(nameResults(paths));
    for (const { message } of failures) console.error(`calm figure: ${message}`);
    if (failures.length > 0) process.exitCode = 1;
    const rows: Panel[][] = [];
    for (const picture of pictures) {
      if (kind === 'counterfactual') rows.push(await counterfactualRow(context, picture));
      else if (kind === 'maps') rows.push(await allMapsRow(context, picture, superset));
      else rows.push(await hierarchyRow(context, picture, levels));
    }
    if (rows.length > 0) {
      await mkdir(dirname(out), { recursive: true });
      await writeFileAtomically(out, encodePng(panelFigure(rows, { side })));
      console.log(out);
    }
    model.dispose();
  } finally {
    engine.destroy();
  }
}

/** `calm figure`: a picture for a paper, a row an image. */
export function figureCommand(): Command {
  const command = new Command('figure')
    .description(
      'draw a figure (PNG), a row an image, with titles and colour bars: counterfactual (A, B, A - B), maps ' +
        '(all six of CALM), hierarchy (sums over growing sets of classes)',
    )
    .addArgument(new Argument('<kind>', 'which figure').choices(KINDS))
    .argument('<images...>', 'PNG or JPEG files')
    .requiredOption('--checkpoint <file>', 'a model that calm train saved, or other weights')
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
