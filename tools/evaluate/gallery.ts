/** A few pictures with every model's maps, to look at beside the figures. */
import type { EvaluatedMap, EvaluatedPicture } from '../../src/report/evaluation_data.ts';
import type { EvaluationData } from './data.ts';
import type { EvaluationSettings } from './settings.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { Model } from '../../src/model/model.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import { attribute } from '../../src/attribution/attribute.ts';
import { attributionMethod, methodFileName } from '../../src/attribution/methods.ts';
import { attributionOptions } from './measure.ts';
import { CUE_PARTS, cueMask } from '../../src/eval/cub_trait.ts';
import { encodeTensor, toFloat32 } from '../../src/model/safetensors.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { join } from 'node:path';
import { keyOf } from './result_store.ts';
import { mkdir } from 'node:fs/promises';
import { readSafetensors, writeSafetensors } from '../../src/model/safetensors.node.ts';
import { resizeBilinear } from '../../src/data/resize.ts';
import { startTape } from '../../src/kernels/tape.ts';
import { subtractScoreMaps } from '../../src/eval/score_map.ts';

/** Side of the pictures in the page. */
const PICTURE_SIDE = 192;

/** A picture of the gallery before any map. Labels count from 0. */
export interface Exhibit {
  readonly index: number;
  readonly label: number;
  /** The class to tell it from; null where the data set has no cue pairs. */
  readonly other: number | null;
  readonly caption: string;
  /** [size, size] of the evaluation, 1 inside; null where nothing is known. */
  readonly mask: Uint8Array | null;
}

const readable = (name: string | undefined): string => (name ?? '').replaceAll('_', ' ');

/**
 * The first pictures of the first pairs of each number of differing parts, each picture once; without pairs, pictures evenly spread over the
 * split. Chosen by their place in the lists, not by how they come out.
 */
export async function chooseExhibits(data: EvaluationData, count: number): Promise<Exhibit[]> {
  const name = (label: number | undefined): string => readable(data.classNames[label ?? -1]);
  const { cue } = data;
  if (cue === null || cue.task.pairs.length === 0) {
    return Promise.all(
      Array.from({ length: Math.min(count, data.images) }, async (_, i) => {
        const index = Math.floor((i * data.images) / Math.min(count, data.images));
        const label = data.label(index);
        const { mask } = await data.truth(index);
        const object = mask?.map((value) => (value === 1 ? 1 : 0)) ?? null;
        return { index, label, other: null, caption: name(label), mask: object };
      }),
    );
  }
  const exhibits: Exhibit[] = [];
  const shown = new Set<number>();
  const counts = [...new Set(cue.task.pairs.map(({ differingParts }) => differingParts.length))];
  for (const [place, parts] of counts.entries()) {
    const wanted = Math.ceil(((place + 1) * count) / counts.length);
    for (const pair of cue.task.pairs.filter(({ differingParts }) => differingParts.length === parts)) {
      if (exhibits.length >= wanted) break;
      const image = cue.task.images.find(
        ({ classId, index }) => classId === pair.firstClass && !shown.has(index),
      );
      const label = cue.labelOfClass.get(pair.firstClass);
      const other = cue.labelOfClass.get(pair.secondClass);
      if (image === undefined || label === undefined || other === undefined) continue;
      const mask = cueMask(await cue.partMap(image), pair.differingParts);
      if (mask === null) continue;
      shown.add(image.index);
      const named = pair.differingParts.map((part) => CUE_PARTS[part - 1]).join(', ');
      const caption = `${name(label)}, not ${name(other)}: told apart by ${named}`;
      exhibits.push({ index: image.index, label, other, caption, mask });
    }
  }
  return exhibits;
}

/** One method's maps of an exhibit. */
interface ExhibitMaps {
  readonly own: ScoreMap;
  readonly other: ScoreMap | null;
}

/** Maps of a model for all exhibits, raw, kept in one file a method; what is there for the same key is read back. */
export async function exhibitMaps(
  loadModel: () => Promise<Model>,
  data: EvaluationData,
  settings: EvaluationSettings,
  exhibits: readonly Exhibit[],
  crop: number,
  of: { readonly name: string; readonly hash: string; readonly methods: readonly MethodName[] },
  folder: string,
): Promise<Map<MethodName, readonly ExhibitMaps[]>> {
  const { batch: _, size: __, ...relevant } = settings;
  const chosen = exhibits.map(({ index, label, other }) => [data.imageId(index), label, other]);
  await mkdir(folder, { recursive: true });
  const result = new Map<MethodName, readonly ExhibitMaps[]>();
  for (const method of of.methods) {
    const key = keyOf({ checkpoint: of.hash, data: data.identity, method, relevant, chosen });
    const file = mapFile(folder, of.name, method);
    const known = await readMaps(file, key, exhibits, data);
    if (known !== null) {
      result.set(method, known);
      continue;
    }
    const model = await loadModel();
    const maps: ExhibitMaps[] = [];
    // Pictures one by one: a map set is made once, and image-sized gradients of many pictures need not fit at once.
    for (const exhibit of exhibits) maps.push(await mapsOf(model, data, settings, exhibit, method, crop));
    const tensors = new Map<string, SafetensorsTensor>();
    for (const [place, { own, other }] of maps.entries()) {
      const exhibit = exhibits[place];
      if (exhibit === undefined) continue;
      for (const [label, map] of [
        [exhibit.label, own],
        [exhibit.other, other],
      ] as const)
        if (map !== null)
          tensors.set(tensorName(data, exhibit, label), encodeTensor(map.data, [map.height, map.width]));
    }
    await writeSafetensors(file, tensors, [['key', key]]);
    result.set(method, maps);
  }
  return result;
}

/** Where a method's raw maps are. */
export function mapFile(folder: string, model: string, method: MethodName): string {
  return join(folder, `${model}.${methodFileName(method)}.safetensors`);
}

const tensorName = (data: EvaluationData, { index }: Exhibit, label: number | null): string =>
  `${data.imageId(index)}/class_${String(label)}`;

async function readMaps(
  file: string,
  key: string,
  exhibits: readonly Exhibit[],
  data: EvaluationData,
): Promise<ExhibitMaps[] | null> {
  let stored;
  try {
    stored = await readSafetensors(file);
  } catch {
    return null;
  }
  if (stored.metadata.get('key') !== key) return null;
  const { tensors } = stored;
  const read = (exhibit: Exhibit, label: number | null): ScoreMap | null => {
    const tensor = tensors.get(tensorName(data, exhibit, label));
    const [height, width] = tensor?.shape ?? [];
    return tensor === undefined || height === undefined || width === undefined
      ? null
      : { height, width, data: toFloat32(tensor) };
  };
  const maps = exhibits.map((exhibit) => ({
    own: read(exhibit, exhibit.label),
    other: exhibit.other === null ? null : read(exhibit, exhibit.other),
  }));
  return maps.flatMap(({ own, other }) => (own === null ? [] : [{ own, other }]));
}

async function mapsOf(
  model: Model,
  data: EvaluationData,
  settings: EvaluationSettings,
  { index, label, other }: Exhibit,
  method: MethodName,
  crop: number,
): Promise<ExhibitMaps> {
  const picture = resizeBilinear(await data.load(index), crop, crop);
  const batch = {
    images: picture.data,
    height: crop,
    width: crop,
    crop,
    labels: Uint32Array.of(label),
    crops: new Int32Array(2),
    flips: new Uint8Array(1),
  };
  const tape = startTape(model.engine, { gradients: false });
  try {
    const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
    const { maps } = await attribute(model, images, {
      ...attributionOptions(settings),
      methods: [method],
      classes: { all: other === null ? [label] : [label, other] },
    });
    const [own, second = null] = maps.get(method)?.[0] ?? [];
    if (own === undefined) throw new RangeError(`no map of ${method} was made`);
    return { own, other: second };
  } finally {
    tape.end();
  }
}

/** The exhibits with all maps, as the page shows them. `maps` by model and method. */
export async function galleryOf(
  data: EvaluationData,
  size: number,
  exhibits: readonly Exhibit[],
  maps: ReadonlyMap<string, ReadonlyMap<MethodName, readonly ExhibitMaps[]>>,
): Promise<EvaluatedPicture[]> {
  return Promise.all(
    exhibits.map(async ({ index, caption, mask }, place) => {
      const original = await data.load(index);
      return {
        id: data.imageId(index),
        image: resizeBilinear(original, PICTURE_SIDE, PICTURE_SIDE),
        mask: mask === null ? null : scaleSquare(mask, size, PICTURE_SIDE),
        caption,
        maps: [...maps].flatMap(([model, ofModel]) =>
          [...ofModel].flatMap(([method, ofMethod]) => {
            const made = ofMethod[place];
            return made === undefined ? [] : [shownMap(model, method, made)];
          }),
        ),
      };
    }),
  );
}

/** A map as it is shown: the difference of two classes where there are two, as the cue metric scores it. */
function shownMap(model: string, method: MethodName, { own, other }: ExhibitMaps): EvaluatedMap {
  const { perClass, signed } = attributionMethod(method);
  const compares = other !== null && perClass;
  return {
    model,
    method,
    kind: compares ? 'this class minus the other' : perClass ? 'of this class' : 'of no single class',
    map: compares ? subtractScoreMaps(own, other) : own,
    signed: compares || signed,
    file: `maps/${encodeURIComponent(`${model}.${methodFileName(method)}.safetensors`)}`,
  };
}

/** A square mask in another size, by the nearest pixel. */
function scaleSquare(mask: Uint8Array, from: number, to: number): Uint8Array {
  const nearest = (place: number): number => Math.floor(((place + 0.5) * from) / to);
  return Uint8Array.from({ length: to * to }, (_, i) => {
    const [x, y] = [i % to, Math.floor(i / to)];
    return mask[nearest(y) * from + nearest(x)] ?? 0;
  });
}
