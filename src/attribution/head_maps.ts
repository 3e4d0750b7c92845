import type { HeadLogits } from '../model/head.ts';
import type { MethodName } from './methods.ts';
import type { Model } from '../model/model.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import type { Tape } from '../runtime/tape.ts';
import { explainCalm, explainCam } from './maps.ts';
import { normaliseScoreMap, subtractScoreMaps } from '../eval/score_map.ts';

type Rows<Item> = readonly (readonly Item[])[];

/** Classes to explain, and what a method may need besides. */
export interface ChosenClasses {
  readonly classes: Rows<number>;
  readonly versus: Rows<number> | null;
  readonly subsets: Rows<number> | null;
}

/** Every map that the head gives of its own, without a gradient, from one forward pass. */
export class HeadMaps {
  /** p(y|x) of every image [C]. */
  readonly probabilities: readonly Float32Array[];
  readonly #tape: Tape;
  readonly #model: Model;
  readonly #logits: HeadLogits;

  private constructor(tape: Tape, model: Model, logits: HeadLogits, probabilities: readonly Float32Array[]) {
    this.#tape = tape;
    this.#model = model;
    this.#logits = logits;
    this.probabilities = probabilities;
  }

  /** Reads the class probabilities that a choice of classes may depend on. */
  static async of(tape: Tape, model: Model, logits: HeadLogits): Promise<HeadMaps> {
    const request = { classes: { all: [] } };
    const explained =
      model.configuration.head.kind === 'cam'
        ? await explainCam(tape, logits, request)
        : await explainCalm(tape, logits, request, model.posteriorOptions);
    const probabilities = explained.map((image) => image.probabilities);
    return new HeadMaps(tape, model, logits, probabilities);
  }

  /** The maps of every image by a method without gradient, in the order of the classes; one map an image for sets of classes. */
  async maps(name: MethodName, { classes, versus, subsets }: ChosenClasses): Promise<Rows<ScoreMap>> {
    switch (name) {
      case 'joint':
      case 'conditional':
      case 'posterior':
        return (await this.#calm(classes)).map((image) => image.classes.map((maps) => maps[name]));
      case 'saliency':
        return (await this.#calm(classes.map(() => []))).map(({ saliency }) => [saliency]);
      case 'cam':
        return this.#cam(classes);
      case 'counterfactual': {
        const own = this.#model.configuration.head.kind === 'cam' ? 'cam' : 'joint';
        const [first, second] = await Promise.all(
          [classes, versus ?? []].map((rows) =>
            this.maps(own, { classes: rows, versus: null, subsets: null }),
          ),
        );
        return (first ?? []).map((maps, image) =>
          maps.flatMap((map, place) => {
            const other = second?.[image]?.[place];
            return other === undefined ? [] : [subtractScoreMaps(map, other)];
          }),
        );
      }
      case 'subset':
      case 'subset-mean':
        return this.#jointSubsets(subsets ?? [], name === 'subset-mean');
      case 'posterior-subset':
      case 'posterior-subset-mean': {
        const posteriors = await this.#ragged(subsets ?? [], (rows) =>
          this.maps('posterior', { classes: rows, versus: null, subsets: null }),
        );
        return posteriors.map((maps) => [addMaps(maps, name === 'posterior-subset' ? 1 : 1 / maps.length)]);
      }
      case 'cam-subset': {
        const maps = await this.#ragged(subsets ?? [], (rows) => this.#cam(rows));
        return maps.map((ofImage) => [addMaps(ofImage.map((map) => normaliseScoreMap(map, 'minmax')))]);
      }
      case 'cam-saliency': {
        const all = this.probabilities.map((ofImage) => Array.from(ofImage.keys()));
        return this.maps('cam-subset', { classes, versus, subsets: all });
      }
      default:
        throw new Error(`${name} is no map of the head alone`);
    }
  }

  #calm(classes: Rows<number>): ReturnType<typeof explainCalm> {
    return explainCalm(this.#tape, this.#logits, { classes }, this.#model.posteriorOptions);
  }

  async #cam(classes: Rows<number>): Promise<Rows<ScoreMap>> {
    return (await explainCam(this.#tape, this.#logits, { classes })).map((image) => image.classes);
  }

  /** The joint maps of sets of classes, added up on the GPU: each distinct set once for the batch. */
  async #jointSubsets(subsets: Rows<number>, mean: boolean): Promise<Rows<ScoreMap>> {
    const distinct = new Map(subsets.map((subset) => [subset.join(), subset]));
    const sums = new Map<string, readonly ScoreMap[]>();
    for (const [key, subset] of distinct) {
      const request = { classes: { all: [] }, subset };
      const explained = await explainCalm(this.#tape, this.#logits, request, this.#model.posteriorOptions);
      sums.set(
        key,
        explained.flatMap((image) => image.subset?.joint ?? []),
      );
    }
    return subsets.map((subset, image) => {
      const map = sums.get(subset.join())?.[image];
      return map === undefined ? [] : [addMaps([map], mean ? 1 / subset.length : 1)];
    });
  }

  /** Maps of lists of different lengths: the shorter ones ask for their last class again, and drop it. */
  async #ragged(
    rows: Rows<number>,
    maps: (rows: Rows<number>) => Promise<Rows<ScoreMap>>,
  ): Promise<Rows<ScoreMap>> {
    const longest = Math.max(0, ...rows.map((row) => row.length));
    const padded = rows.map((row) => Array.from({ length: longest }, (_, i) => row[i] ?? row.at(-1) ?? 0));
    const all = await maps(padded);
    return all.map((ofImage, image) => ofImage.slice(0, rows[image]?.length));
  }
}

/** factor * (the sum of maps of one shape). */
function addMaps(maps: readonly ScoreMap[], factor = 1): ScoreMap {
  const [first] = maps;
  if (first === undefined) throw new Error('addMaps: no maps');
  const { height, width } = first;
  const data = new Float32Array(height * width);
  for (const map of maps) map.data.forEach((value, i) => (data[i] = (data[i] ?? 0) + value));
  return { height, width, data: factor === 1 ? data : data.map((value) => factor * value) };
}
