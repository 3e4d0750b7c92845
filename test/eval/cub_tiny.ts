import { cuePartCentres, nearestPartMap } from '../../src/eval/cub_trait.ts';
import type { CubAttributes, PartMap } from '../../src/eval/cub_trait.ts';
import { goldenJson, goldenTensors, unpackBits } from './golden.ts';

interface CubTinyImage {
  readonly id: string;
  readonly imageId: number;
  readonly classId: number;
  readonly width: number;
  readonly height: number;
  readonly visibleParts: Readonly<Record<string, readonly [number, number]>>;
  /** Cue part, x, y at 224x224. */
  readonly centres: readonly (readonly number[])[];
}

interface CubTiny {
  readonly attributeNames: readonly string[];
  readonly classAttributes: readonly (readonly number[])[];
  readonly images: readonly CubTinyImage[];
  readonly pairs: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly differingParts: Readonly<Record<string, readonly number[]>>;
  readonly partsOfAttribute: Readonly<Record<string, readonly number[]>>;
  readonly masks: readonly {
    readonly pair: readonly [number, number];
    readonly imageId: number;
    readonly mask: string | null;
    readonly pixels: number;
  }[];
}

/** The annotations of the synthetic `cub_tiny` folder and what the official code makes of them. */
export const cubTiny = (await goldenJson('cub_trait')) as CubTiny;

export const cubTinyAttributes: CubAttributes = {
  attributeNames: cubTiny.attributeNames,
  classAttributes: new Map(cubTiny.classAttributes.map((row, i) => [i + 1, row])),
};

const tensors = await goldenTensors('cub_trait');

const partMaps = new Map<number, PartMap>();

export function cubTinyPartMap(imageId: number): PartMap {
  const known = partMaps.get(imageId);
  if (known !== undefined) return known;
  const image = cubTiny.images.find((candidate) => candidate.imageId === imageId);
  if (image === undefined) throw new Error(`cub_tiny has no image ${imageId}`);
  const visibleParts = new Map(Object.entries(image.visibleParts).map(([name, [x, y]]) => [name, { x, y }]));
  const centres = cuePartCentres({ width: image.width, height: image.height, visibleParts }, 224);
  const partMap = nearestPartMap(centres, unpackBits(tensors.bytes(`segment224.${imageId}`)), 224);
  partMaps.set(imageId, partMap);
  return partMap;
}
