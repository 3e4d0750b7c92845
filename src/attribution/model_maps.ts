import type { Attribution, AttributionRequest } from './attribute.ts';
import type { Batch } from '../data/loader.ts';
import type { ClassChoice } from './class_choice.ts';
import type { MethodName } from './methods.ts';
import type { Model } from '../model/model.ts';
import type { Normalization } from '../train/batch.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import { attribute } from './attribute.ts';
import { attributionMethod, defaultMethod } from './methods.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../train/batch.ts';
import { startTape } from '../kernels/tape.ts';

/** Maps of one image by class. */
export type AttributionMaps = ReadonlyMap<number, ScoreMap>;

/** What `attribute` made of a batch, with the batch. */
export interface AttributedBatch extends Attribution {
  readonly batch: Batch;
}

/** What to explain, the same for all batches, or from a batch's labels or indices. */
export type BatchRequest = AttributionRequest | ((batch: Batch) => AttributionRequest);

/** Runs batches of a loader through `attribute`, one after the other, as they come. */
export async function* attributeBatches(
  model: Model,
  batches: AsyncIterable<Batch>,
  request: BatchRequest,
  normalization: Normalization = IMAGENET_NORMALIZATION,
): AsyncGenerator<AttributedBatch> {
  for await (const batch of batches) {
    const tape = startTape(model.engine, { gradients: false });
    try {
      const { images } = uploadBatch(tape, batch, normalization);
      const wanted = typeof request === 'function' ? request(batch) : request;
      const options = { normalization, ...wanted.options };
      yield { batch, ...(await attribute(model, images, { ...wanted, options })) };
    } finally {
      tape.end();
    }
  }
}

/** What `attributionMaps` makes maps by. */
export interface AttributionMapsOptions extends Omit<AttributionRequest, 'methods' | 'classes'> {
  /** Default: the head's own (the paper's table 1 compares these), CALM's joint p(y,z|x) or CAM's class logits. */
  readonly method?: MethodName;
  readonly normalization?: Normalization;
}

/**
 * Attribution maps of all images of the batches, by position in the data set, each with the maps of the given classes; those of a method
 * of no class are the same for all.
 */
export async function attributionMaps(
  model: Model,
  batches: AsyncIterable<Batch>,
  classes: ClassChoice,
  { method, normalization, ...request }: AttributionMapsOptions = {},
): Promise<Map<number, AttributionMaps>> {
  const all = new Map<number, AttributionMaps>();
  const { name, perClass } = attributionMethod(method ?? defaultMethod(model.configuration.head.kind));
  const wanted = { ...request, methods: [name], classes };
  for await (const attributed of attributeBatches(model, batches, wanted, normalization)) {
    const maps = attributed.maps.get(name) ?? [];
    for (const [place, index] of attributed.batch.indices.entries()) {
      const ofImage = new Map<number, ScoreMap>();
      for (const [position, classIndex] of (attributed.classes[place] ?? []).entries()) {
        const map = maps[place]?.[perClass ? position : 0];
        if (map !== undefined) ofImage.set(classIndex, map);
      }
      all.set(index, ofImage);
    }
  }
  return all;
}
