/** The fixed pictures whose maps are shown while a network learns. */
import type { Batch, Loader } from '../../src/data/loader.ts';
import type { GalleryPicture } from '../protocol.ts';
import type { Image } from '../../src/data/image.ts';
import type { Model } from '../../src/model/model.ts';
import { birdletDataset } from '../../src/data/birdlets/dataset.ts';
import { CLASSES, CROP, PICTURE_SIZE } from '../../tools/start/settings.ts';
import { composed, mapLayer } from './layer.ts';
import { createLoader } from '../../src/data/loader.ts';
import { explainCalm } from '../../src/attribution/maps.ts';
import { imageData } from './picture.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../../src/train/batch.ts';
import { startTape } from '../../src/kernels/tape.ts';

/** One species of each genus twice. */
const SPECIES = [0, 1, 2, 4, 8, 11] as const;
const OPACITY = 0.9;

export class Gallery {
  readonly #images: readonly Image[];
  readonly #labels: readonly number[];
  readonly #names: readonly string[];
  readonly #loader: Loader;
  #batch: Batch | null = null;

  private constructor(
    images: readonly Image[],
    labels: readonly number[],
    names: readonly string[],
    loader: Loader,
  ) {
    this.#images = images;
    this.#labels = labels;
    this.#names = names;
    this.#loader = loader;
  }

  /** Test pictures of the seed: none that a network of it is trained on. */
  static async of(seed: number): Promise<Gallery> {
    const all = birdletDataset({ seed, split: 'test', count: CLASSES, size: PICTURE_SIZE, classes: CLASSES });
    const dataset = {
      ...all,
      length: SPECIES.length,
      label: (index: number) => SPECIES[index] ?? 0,
      imageId: (index: number) => all.imageId(SPECIES[index] ?? 0),
      load: (index: number) => all.load(SPECIES[index] ?? 0),
    };
    const images = await Promise.all(SPECIES.map((species) => all.load(species)));
    const loader = createLoader(dataset, { batchSize: SPECIES.length, mode: 'eval', crop: CROP });
    return new Gallery(images, SPECIES, all.classNames, loader);
  }

  /** The joint map of every picture's own class under a CALM model. To be drawn between two steps. */
  async draw(model: Model): Promise<GalleryPicture[]> {
    this.#batch ??= (await this.#loader.epoch(0).next()).value ?? null;
    if (this.#batch === null) throw new Error('gallery: there are no pictures');
    const tape = startTape(model.engine, { gradients: false });
    try {
      const { images } = uploadBatch(tape, this.#batch, IMAGENET_NORMALIZATION);
      const explained = await explainCalm(
        tape,
        model.forward(tape, images),
        { classes: this.#labels.map((label) => [label]) },
        model.posteriorOptions,
      );
      return await Promise.all(
        explained.map(async ({ classes, probabilities }, index) => {
          const image = this.#images[index];
          const [own] = classes;
          const label = this.#labels[index] ?? 0;
          if (image === undefined || own === undefined) throw new Error('gallery: a picture is missing');
          const { width, height } = image;
          const layer = mapLayer(own.joint, { name: 'joint', width, height, threshold: 0 });
          const canvas = await composed(imageData(image), layer, OPACITY);
          return {
            species: (this.#names[label] ?? '').replaceAll('_', ' '),
            probability: probabilities[label] ?? Number.NaN,
            overlay: canvas.transferToImageBitmap(),
          };
        }),
      );
    } finally {
      tape.end();
    }
  }
}
