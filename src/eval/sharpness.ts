/** How sharp maps are: over how much of the picture a map spreads, whatever it points at. */
import type { ScoreMap } from './score_map.ts';
import type { SumCounts } from './shared_counts.ts';

/**
 * The effective number of locations of a map without negative values, [h,w]: exp of the entropy of the map over its sum. Of CALM's joint
 * map p(y,z|x) that is the perplexity of the posterior p(z|x,y): 1 where one location holds everything, h w where all are alike. Null
 * where the map has no positive finite sum. Negative values, which rounding may leave of a variance, count as 0.
 */
export function effectiveLocations({ data }: ScoreMap): number | null {
  const sum = data.reduce((total, value) => total + Math.max(value, 0), 0);
  if (!(sum > 0 && Number.isFinite(sum))) return null;
  let entropy = 0;
  for (const value of data) {
    const share = Math.max(value, 0) / sum;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/** The sharpness of a method's maps of the true class. */
export interface SharpnessResult {
  /** Maps that had a sum. */
  readonly images: number;
  /** Mean over the images of the effective number of locations; NaN without any. */
  readonly effectiveLocations: number;
  /** The same as a share of all locations, percent: what maps of different sizes can be compared by. */
  readonly effectiveArea: number;
}

/** Adds up maps one by one. */
export class SharpnessTally {
  /** Of maps that have a sum, by image: effective number of locations, and as a percentage of all. */
  readonly #maps = new Map<number, readonly [locations: number, area: number]>();

  #added = 0;

  /** `image`: its place in the set, in whose order maps are added up. Default: behind those added before. */
  add(map: ScoreMap, image: number = this.#added): void {
    this.#added++;
    const locations = effectiveLocations(map);
    if (locations !== null) this.#maps.set(image, [locations, (100 * locations) / map.data.length]);
  }

  /** Takes in the maps that other processes have of a set of so many images: the same bits as one process has. */
  async share(sum: SumCounts, images: number): Promise<void> {
    const own = new Float64Array(2 * images);
    for (const [image, values] of this.#maps) own.set(values, 2 * image);
    const all = await sum(own);
    for (let image = 0; image < images; image++) {
      const [locations = 0, area = 0] = all.subarray(2 * image);
      // It is one at least where there is one.
      if (locations > 0) this.#maps.set(image, [locations, area]);
    }
  }

  compute(): SharpnessResult {
    const images = this.#maps.size;
    const inOrder = [...this.#maps].toSorted(([a], [b]) => a - b).map(([, values]) => values);
    return {
      images,
      effectiveLocations: inOrder.reduce((total, [locations]) => total + locations, 0) / images,
      effectiveArea: inOrder.reduce((total, [, area]) => total + area, 0) / images,
    };
  }
}
