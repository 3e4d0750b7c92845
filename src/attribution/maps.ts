import type { PosteriorOptions } from '../kernels/joint_head/joint_head.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import type { Tape } from '../runtime/tape.ts';
import type { Tensor } from '../runtime/tensor.ts';
import { globalAveragePool } from '../kernels/global_average_pool/global_average_pool.ts';
import { imageShape } from '../runtime/shape.ts';
import { jointMaps } from '../kernels/joint_head/joint_maps.ts';
import { reject } from '../runtime/errors.ts';
import { softmax } from '../kernels/softmax/softmax.ts';
import { subtractScoreMaps } from '../eval/score_map.ts';

/** What a head says of a batch of images, before any activation. */
export interface HeadLogits {
  /** Class logits f [N,H,W,C] at every location. */
  readonly classLogits: Tensor;
  /** Location logits a [N,H,W,1]. */
  readonly locationLogits: Tensor;
}

/** The three maps of one class, or of the sum over a set of classes, each [H,W] (paper, section 4.1.3). */
export interface ClassAttribution {
  /** Joint p(y,z|x): the attribution map. Its sum is `probability`. */
  readonly joint: ScoreMap;
  /** Conditional p(y|x,z): what the model would say had it seen location z alone. */
  readonly conditional: ScoreMap;
  /** Posterior p(z|x,y): where the cue is, given that the class is y. */
  readonly posterior: ScoreMap;
  /** p(y|x). */
  readonly probability: number;
}

/** Everything asked for of one image. */
export interface CalmExplanation {
  /** p(y|x) of all classes [C]. */
  readonly probabilities: Float32Array;
  /** Saliency p(z|x) [H,W]: where the model looks, whatever the class. */
  readonly saliency: ScoreMap;
  /** One entry for each requested class of this image, in their order. */
  readonly classes: readonly ClassAttribution[];
  /** The sum over the requested set of classes; null without a set. */
  readonly subset: ClassAttribution | null;
}

/** What to explain. Class indices count from 0. */
export interface ExplanationRequest {
  /** The classes of each image; every image asks for as many. `all` stands for the same classes in every image. */
  readonly classes: readonly (readonly number[])[] | { readonly all: readonly number[] };
  /** A set of distinct classes whose maps are summed: a superclass. */
  readonly subset?: readonly number[];
}

/** CAM's maps of one image: class logits at every location, unbounded and without meaning across images (equation 2). */
export interface CamExplanation {
  /** p(y|x) of all classes [C]: softmax of the mean logits (equation 1). */
  readonly probabilities: Float32Array;
  /** Class logit map f[y] [H,W] of each requested class. */
  readonly classes: readonly ScoreMap[];
}

function classRows(
  request: ExplanationRequest,
  images: number,
  classCount: number,
): readonly (readonly number[])[] {
  const { classes } = request;
  const rows = 'all' in classes ? Array.from({ length: images }, () => classes.all) : classes;
  if (rows.length !== images) reject('explain', 'number of class lists', String(rows.length), String(images));
  const requested = rows[0]?.length ?? 0;
  for (const row of rows) {
    if (row.length !== requested)
      reject('explain', 'a class list', `${row.length} long`, `${requested} as the first`);
  }
  for (const index of [...rows.flat(), ...(request.subset ?? [])]) {
    if (!Number.isInteger(index) || index < 0 || index >= classCount) {
      reject('explain', 'class', String(index), `a whole number from 0 to ${classCount - 1}`);
    }
  }
  return rows;
}

/**
 * Explains a batch with a CALM head: reads back the class probabilities, the saliency and the maps of the requested classes.
 * Nothing else leaves the GPU. `options` must be those the model was trained with.
 * @throws ArgumentError on a class out of range, or class lists that do not fit the batch
 */
export async function explainCalm(
  tape: Tape,
  logits: HeadLogits,
  request: ExplanationRequest,
  options: PosteriorOptions = {},
): Promise<CalmExplanation[]> {
  const { engine } = tape;
  const [images, height, width, classCount] = imageShape('explain', 'classLogits', logits.classLogits);
  const rows = classRows(request, images, classCount);
  const maps = jointMaps(tape, logits.classLogits, logits.locationLogits, options);

  const attribution = async (classes: Uint32Array, shape: readonly number[]): Promise<ClassAttribution[]> => {
    const indices = engine.tensor(classes, shape);
    const tensors = maps.classMaps(indices);
    indices.dispose();
    const [joint, conditional, posterior, probability] = await Promise.all([
      engine.read(tensors.joint),
      engine.read(tensors.conditional),
      engine.read(tensors.posterior),
      engine.read(tensors.probability),
    ]);
    const size = height * width;
    const map = (values: Float32Array, image: number): ScoreMap => ({
      height,
      width,
      data: values.slice(image * size, (image + 1) * size),
    });
    return Array.from({ length: images }, (_, image) => ({
      joint: map(joint, image),
      conditional: map(conditional, image),
      posterior: map(posterior, image),
      probability: probability[image] ?? Number.NaN,
    }));
  };

  const reads = {
    probabilities: engine.read(maps.probabilities()),
    saliency: engine.read(maps.prior()),
    classes: Promise.all(
      (rows[0] ?? []).map((_, place) =>
        attribution(
          Uint32Array.from(rows, (row) => row[place] ?? 0),
          [images],
        ),
      ),
    ),
    subset:
      request.subset === undefined
        ? null
        : attribution(Uint32Array.from(rows.flatMap(() => request.subset ?? [])), [
            images,
            request.subset.length,
          ]),
  };
  const [probabilities, saliency, classes, subset] = await Promise.all([
    reads.probabilities,
    reads.saliency,
    reads.classes,
    reads.subset,
  ]);
  const locations = height * width;
  return rows.map((_, image) => ({
    probabilities: probabilities.slice(image * classCount, (image + 1) * classCount),
    saliency: { height, width, data: saliency.slice(image * locations, (image + 1) * locations) },
    classes: classes.flatMap((ofClass) => ofClass[image] ?? []),
    subset: subset?.[image] ?? null,
  }));
}

/**
 * Explains a batch with a CAM head: class probabilities and logit maps. For a map in [0, 1] scale it afterwards by `max` or
 * `minmax` (`normaliseScoreMap`): CAM leaves that choice open, and its maps do not sum to anything.
 * @throws ArgumentError on a class out of range, or class lists that do not fit the batch
 */
export async function explainCam(
  tape: Tape,
  logits: Pick<HeadLogits, 'classLogits'>,
  request: Pick<ExplanationRequest, 'classes'>,
): Promise<CamExplanation[]> {
  const { engine } = tape;
  const { classLogits } = logits;
  const [images, height, width, classCount] = imageShape('explain', 'classLogits', classLogits);
  const rows = classRows(request, images, classCount);
  const [probabilities, values] = await Promise.all([
    engine.read(softmax(tape, globalAveragePool(tape, classLogits))),
    engine.read(classLogits),
  ]);
  const locations = height * width;
  return rows.map((row, image) => ({
    probabilities: probabilities.slice(image * classCount, (image + 1) * classCount),
    classes: row.map((classIndex) => ({
      height,
      width,
      data: Float32Array.from(
        { length: locations },
        (_, location) => values[(image * locations + location) * classCount + classIndex] ?? Number.NaN,
      ),
    })),
  }));
}

/**
 * The counterfactual map p(y,z|x) - p(y',z|x): positive where the image speaks for the first class rather than the second
 * (paper, section 4.1.3). Sums to p(y|x) - p(y'|x).
 */
export function counterfactualMap(first: ClassAttribution, second: ClassAttribution): ScoreMap {
  return subtractScoreMaps(first.joint, second.joint);
}

/** Sum of a map: of a joint map, the completeness sum, which equals p(y|x). */
export function mapSum({ data }: ScoreMap): number {
  let sum = 0;
  for (const value of data) sum += value;
  return sum;
}
