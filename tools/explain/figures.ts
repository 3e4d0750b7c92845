import type { Attribution, AttributionRequest } from '../../src/attribution/attribute.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Model } from '../../src/model/model.ts';
import type { Panel } from '../../src/report/panels.ts';
import type { Picture } from './images.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { Superset } from '../../src/attribution/superset.node.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { batchOf } from './images.ts';
import { counted } from '../../src/report/counted.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { attributionMethod, offersMethod } from '../../src/attribution/methods.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { overlay, renderMap, scoreRange } from '../../src/report/overlay.ts';
import { rankClasses } from './explain_batch.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { subtractScoreMaps } from '../../src/eval/score_map.ts';

/** What the figures are made from. */
export interface FigureContext {
  /** What the model is called where there are several. */
  readonly name: string;
  readonly model: Model;
  readonly classNames: readonly string[] | null;
  readonly size: number;
  readonly classIndex: number | undefined;
  readonly versus: number | undefined;
  /** Maps alone, not over the picture: their colours are then exactly those of the bar. */
  readonly plain: boolean;
}

type Range = readonly [number, number];

async function explained(
  { model, size }: FigureContext,
  picture: Picture,
  request: AttributionRequest,
): Promise<Attribution> {
  const tape = startTape(model.engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batchOf([picture], size), IMAGENET_NORMALIZATION);
    return await attribute(model, images, request);
  } finally {
    tape.end();
  }
}

const mapOf = ({ maps }: Attribution, method: MethodName, place = 0): ScoreMap => {
  const map = maps.get(method)?.[0]?.[place];
  if (map === undefined) throw new Error(`no map of ${method}`);
  return map;
};

const nameOf = ({ classNames }: FigureContext, index: number): string =>
  classNames?.[index]?.replaceAll('_', ' ') ?? `class ${index}`;

interface MapOptions {
  readonly title: string;
  readonly note: string;
  readonly diverging?: boolean;
  readonly range?: Range | undefined;
}

function mapPanel({ plain }: FigureContext, { image }: Picture, map: ScoreMap, options: MapOptions): Panel {
  const { title, note, diverging = false, range } = options;
  const colourMap = diverging ? 'diverging' : 'sequential';
  const scale = { colourMap, range: range ?? scoreRange(map, colourMap) } as const;
  const picture = plain ? renderMap(map, image.width, image.height, scale) : overlay(image, map, scale);
  return { title, note, picture, scale };
}

const photograph = ({ image, name }: Picture): Panel => ({ title: name, picture: image });

function chosenClasses(context: FigureContext): Pick<AttributionRequest, 'classes' | 'versus'> {
  const classOf = (p: Float32Array): number => context.classIndex ?? rankClasses(p)[0] ?? 0;
  const versusOf = (p: Float32Array): number =>
    context.versus ?? rankClasses(p).find((index) => index !== classOf(p)) ?? 0;
  return { classes: (p) => [classOf(p), versusOf(p)], versus: (p) => [versusOf(p), classOf(p)] };
}

const probability = (p: Float32Array | undefined, index: number): string =>
  `p = ${(p?.[index] ?? Number.NaN).toPrecision(3)}`;

/** The context with classes A and B settled: those that were asked for, else what the model takes for the likeliest and the next. */
export async function withClasses(context: FigureContext, picture: Picture): Promise<FigureContext> {
  const { classes } = await explained(context, picture, { methods: [], ...chosenClasses(context) });
  const [[classIndex, versus] = []] = classes;
  return { ...context, classIndex, versus };
}

/**
 * The paper's figures 1 and 4: image, map of A, map of B on one scale, and A - B about zero, by one method. `title` goes
 * above the image. Throws ArgumentError for a method that has no map of a class, or not of this head.
 */
export async function counterfactualRow(
  context: FigureContext,
  picture: Picture,
  method: MethodName,
  title: string,
): Promise<Panel[]> {
  const { kind } = context.model.configuration.head;
  const { perClass, signed } = attributionMethod(method);
  if (!perClass || method === 'counterfactual' || !offersMethod(kind, method))
    throw new ArgumentError(`figure: a ${kind} head has no ${method} maps of two classes to compare`);
  const attribution = await explained(context, picture, { methods: [method], ...chosenClasses(context) });
  const [[first = 0, second = 0] = []] = attribution.classes;
  const [p] = attribution.probabilities;
  const maps = [mapOf(attribution, method), mapOf(attribution, method, 1)] as const;
  const ranges = maps.map((map) => scoreRange(map, signed ? 'diverging' : 'sequential'));
  const range: Range = [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
  const [a, b] = [nameOf(context, first), nameOf(context, second)];
  const shown = { diverging: signed, range };
  return [
    { ...photograph(picture), title, note: method },
    mapPanel(context, picture, maps[0], { title: `A: ${a}`, note: probability(p, first), ...shown }),
    mapPanel(context, picture, maps[1], { title: `B: ${b}`, note: probability(p, second), ...shown }),
    mapPanel(context, picture, subtractScoreMaps(...maps), {
      title: 'A - B',
      note: 'why A, not B',
      diverging: true,
    }),
  ];
}

/** The paper's figure 3: all six maps of an image. `superset`: whose sum is shown; without, the five likeliest classes'. */
export async function allMapsRow(
  context: FigureContext,
  picture: Picture,
  superset: Superset | undefined,
): Promise<Panel[]> {
  const methods = ['joint', 'conditional', 'posterior', 'saliency', 'subset', 'counterfactual'] as const;
  const attribution = await explained(context, picture, {
    methods,
    ...chosenClasses(context),
    subset: (p) => superset?.classes ?? rankClasses(p).slice(0, 5),
  });
  const [[first = 0, second = 0] = []] = attribution.classes;
  const [a, b] = [nameOf(context, first), nameOf(context, second)];
  const [p] = attribution.probabilities;
  const set = superset?.name ?? `${attribution.subsets?.[0]?.length ?? 0} likeliest classes`;
  const panel = (title: string, note: string, method: MethodName): Panel =>
    mapPanel(context, picture, mapOf(attribution, method), {
      title,
      note,
      diverging: method === 'counterfactual',
    });
  return [
    { ...photograph(picture), title: a, note: probability(p, first) },
    panel('joint p(y,z|x)', a, 'joint'),
    panel('conditional p(y|x,z)', a, 'conditional'),
    panel('posterior p(z|x,y)', a, 'posterior'),
    panel('saliency p(z|x)', 'any class', 'saliency'),
    panel('subset sum', set, 'subset'),
    panel('counterfactual', `less ${b}`, 'counterfactual'),
  ];
}

/**
 * The paper's figure 6: the sum of joint maps up a hierarchy, from the class over growing sets to all classes, where it is the saliency.
 * Without sets: the 2, 4, 8 ... likeliest classes. One scale for the row.
 */
export async function hierarchyRow(
  context: FigureContext,
  picture: Picture,
  levels: readonly Superset[],
): Promise<Panel[]> {
  const { classes: classCount } = context.model.configuration;
  const own = context.model.configuration.head.kind === 'cam' ? 'cam-subset' : 'subset';
  const known = await explained(context, picture, { methods: [], ...chosenClasses(context) });
  const [p = new Float32Array()] = known.probabilities;
  const [[index = 0] = []] = known.classes;
  const ranked = [index, ...rankClasses(p).filter((other) => other !== index)];
  const likeliest: Superset[] = [];
  for (let count = 2; count < classCount; count *= 2)
    likeliest.push({ name: `${count} likeliest`, classes: ranked.slice(0, count) });
  const sets: Superset[] = [
    { name: nameOf(context, index), classes: [index] },
    ...(levels.length > 0 ? levels : likeliest),
    { name: 'all classes', classes: ranked },
  ];
  const maps: ScoreMap[] = [];
  for (const { classes } of sets) {
    const request = { methods: [own], classes: { all: [] }, subset: { all: classes } } as const;
    maps.push(mapOf(await explained(context, picture, request), own));
  }
  const ranges = maps.map((map) => scoreRange(map, 'sequential'));
  // CAM's sums of scaled maps have no common unit.
  const range: Range | undefined =
    own === 'subset' ? [0, Math.max(...ranges.map(([, high]) => high))] : undefined;
  return [
    photograph(picture),
    ...sets.flatMap(({ name, classes }, level) => {
      const map = maps[level];
      const sum = classes.reduce((total, member) => total + (p[member] ?? 0), 0);
      const note = `${counted(classes.length, 'class', 'classes')}, p = ${sum.toPrecision(3)}`;
      return map === undefined ? [] : [mapPanel(context, picture, map, { title: name, note, range })];
    }),
  ];
}
