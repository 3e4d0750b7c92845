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
  #images = 0;
  #locations = 0;
  #area = 0;

  add(map: ScoreMap): void {
    const locations = effectiveLocations(map);
    if (locations === null) return;
    this.#images++;
    this.#locations += locations;
    this.#area += (100 * locations) / map.data.length;
  }

  /** Makes the sums those of all processes; added in another order than one process would, the last digits may differ. */
  async share(sum: SumCounts): Promise<void> {
    const sums = Float64Array.of(this.#images, this.#locations, this.#area);
    [this.#images = 0, this.#locations = 0, this.#area = 0] = await sum(sums);
  }

  compute(): SharpnessResult {
    return {
      images: this.#images,
      effectiveLocations: this.#locations / this.#images,
      effectiveArea: this.#area / this.#images,
    };
  }
}
