import type { ImageExplanation } from './explain_batch.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Picture } from './images.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { attributionMethod, methodFileName } from '../../src/attribution/methods.ts';
import { encodePng } from '../../src/data/png/png.node.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { join } from 'node:path';
import { overlay } from '../../src/report/overlay.ts';
import { rankClasses } from './explain_batch.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';
import { writeSafetensors } from '../../src/model/safetensors.node.ts';

/** A class in the results. */
export interface ClassResult {
  /** Counted from 0. */
  readonly class: number;
  readonly name?: string;
  readonly probability: number;
}

/** What explanations.json says of one image. */
export interface ImageResult {
  readonly image: string;
  readonly width: number;
  readonly height: number;
  /** The most probable classes, best first. */
  readonly top: readonly ClassResult[];
  readonly explained: ClassResult;
  readonly versus: ClassResult | null;
  readonly subset: { readonly classes: readonly number[]; readonly probability: number } | null;
  /** The joint map's sum over all locations beside p(y|x), which it must equal; null for CAM. */
  readonly completeness: { readonly sum: number; readonly probability: number } | null;
  /** Whether the most probable class is the label; absent without labels. */
  readonly label?: number;
  readonly correct?: boolean;
  /** The raw maps, F32 [height, width] each. */
  readonly tensors: string;
  readonly maps: readonly {
    /** The attribution method. */
    readonly kind: MethodName;
    readonly overlay: string;
    readonly height: number;
    readonly width: number;
    readonly minimum: number;
    readonly maximum: number;
  }[];
}

/** What `describeImage` needs beside the explanation. */
export interface ResultContext {
  readonly out: string;
  readonly classNames: readonly string[] | null;
  readonly subset?: readonly number[] | undefined;
  readonly top: number;
  readonly label: number | undefined;
}

function classResult(
  index: number,
  { probabilities }: ImageExplanation,
  { classNames }: ResultContext,
): ClassResult {
  const name = classNames?.[index];
  const probability = probabilities[index] ?? Number.NaN;
  return { class: index, ...(name === undefined ? {} : { name }), probability };
}

function extremes({ data }: ScoreMap): { minimum: number; maximum: number } {
  let minimum = Infinity;
  let maximum = -Infinity;
  for (const score of data) {
    minimum = Math.min(minimum, score);
    maximum = Math.max(maximum, score);
  }
  return { minimum, maximum };
}

/** Writes one image's overlays, in the picture's own size, and its raw maps; returns its entry of explanations.json. */
export async function writeImageResult(
  { path, name, image }: Picture,
  explanation: ImageExplanation,
  context: ResultContext,
): Promise<ImageResult> {
  const { out, subset, top, label } = context;
  const { probabilities, classIndex, versus, jointSum, subsetProbability } = explanation;
  const maps: ImageResult['maps'][number][] = [];
  for (const [kind, map] of explanation.maps) {
    const file = `${name}.${methodFileName(kind)}.png`;
    // A map that has a sign means something by its zero; CAM's logits do not.
    const diverging = attributionMethod(kind).signed && kind !== 'cam';
    const picture = overlay(image, map, diverging ? { colourMap: 'diverging' } : {});
    await writeFileAtomically(join(out, file), encodePng(picture));
    maps.push({ kind, overlay: file, height: map.height, width: map.width, ...extremes(map) });
  }
  const tensors = `${name}.safetensors`;
  await writeSafetensors(
    join(out, tensors),
    Array.from(explanation.maps, ([kind, { data, height, width }]) => [
      kind,
      encodeTensor(data, [height, width]),
    ]),
    [['image', path]],
  );
  const ranked = rankClasses(probabilities);
  const result = (index: number): ClassResult => classResult(index, explanation, context);
  return {
    image: path,
    width: image.width,
    height: image.height,
    top: ranked.slice(0, top).map(result),
    explained: result(classIndex),
    versus: versus === null ? null : result(versus),
    subset:
      subset === undefined || subsetProbability === null
        ? null
        : { classes: subset, probability: subsetProbability },
    completeness:
      jointSum === null ? null : { sum: jointSum, probability: probabilities[classIndex] ?? Number.NaN },
    ...(label === undefined ? {} : { label, correct: ranked[0] === label }),
    tensors,
    maps,
  };
}
