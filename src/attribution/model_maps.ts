import type { Batch } from '../data/loader.ts';
import type { Model } from '../model/model.ts';
import type { Normalization } from '../train/batch.ts';
import type { ScoreMap } from '../eval/score_map.ts';
import { explainCalm, explainCam } from './maps.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../train/batch.ts';
import { startTape } from '../kernels/tape.ts';

/** The attribution map of every requested class of one image: CALM's joint p(y,z|x), CAM's class logits. */
export type AttributionMaps = ReadonlyMap<number, ScoreMap>;

/**
 * Attribution maps of all images of the batches, by position in the data set, each with the maps of the given classes. The
 * model's own kind decides what the map is (the paper's table 1 compares these).
 */
export async function attributionMaps(
  model: Model,
  batches: AsyncIterable<Batch>,
  classes: readonly number[],
  normalization: Normalization = IMAGENET_NORMALIZATION,
): Promise<Map<number, AttributionMaps>> {
  const all = new Map<number, AttributionMaps>();
  const isCam = model.configuration.head.kind === 'cam';
  for await (const batch of batches) {
    const tape = startTape(model.engine, { gradients: false });
    try {
      const uploaded = uploadBatch(tape, batch, normalization);
      const logits = model.forward(tape, uploaded.images);
      const request = { classes: { all: classes } };
      const maps = isCam
        ? (await explainCam(tape, logits, request)).map((image) => image.classes)
        : (await explainCalm(tape, logits, request, model.posteriorOptions)).map((image) =>
            image.classes.map(({ joint }) => joint),
          );
      for (const [place, index] of batch.indices.entries()) {
        const ofImage = new Map<number, ScoreMap>();
        for (const [position, classIndex] of classes.entries()) {
          const map = maps[place]?.[position];
          if (map !== undefined) ofImage.set(classIndex, map);
        }
        all.set(index, ofImage);
      }
    } finally {
      tape.end();
    }
  }
  return all;
}
