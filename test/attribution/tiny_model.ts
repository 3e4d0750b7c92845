import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { Model } from '../../src/model/model.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { GoldenFile, nhwcShape, noiseOf, toNhwc } from '../../tools/golden/compare.ts';
import { gunzipSync } from 'node:zlib';
import { parseSafetensors } from '../../src/model/safetensors.ts';
import { readFileSync } from 'node:fs';
import { tinyModel } from '../../tools/golden/tiny_resnet.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const read = (path: string): Uint8Array => readFileSync(new URL(path, fixtures));

const index: unknown = JSON.parse(new TextDecoder().decode(read('tiny_resnet/index.json')));

/** Initial state and images of the tiny ResNet. */
export const init = new GoldenFile(
  parseSafetensors(read('tiny_resnet/resnet50_tiny_init.safetensors')),
  noiseOf(index, 'resnet50_tiny_init.safetensors'),
);

/** Maps and gradients of its first image by the released code. */
export function attributionFixture(): GoldenFile {
  const file = parseSafetensors(gunzipSync(read('attribution/attribution.safetensors.gz')));
  const noise = JSON.parse(file.metadata.get('noise') ?? '{}') as Record<string, number>;
  return new GoldenFile(file, new Map(Object.entries(noise)));
}

/** The tiny ResNet with 8x8 maps for its 64x64 images, five classes. */
export function model(engine: Engine, head: HeadKind): Model {
  return tinyModel(engine, init, head, true);
}

/** Three images [3,64,64,3]; the caller disposes of them. */
export function evalImages(engine: Engine): Tensor {
  const shape = init.shape('images.eval');
  return engine.tensor(toNhwc(init.floats('images.eval'), shape), nhwcShape(shape));
}
