import type { PictureSource } from './dataset.ts';
import { readImage } from './decode.node.ts';
import { resizeBilinear } from './resize.ts';

/** Reads, decodes and resizes one picture: [side, side, 3]. What threads and the loader's own thread both do. Rejects with an ImageDecodeError. */
export async function resizedPicture(source: PictureSource, side: number): Promise<Uint8Array<ArrayBuffer>> {
  const { path, applyOrientation } = source;
  const { data } = resizeBilinear(await readImage(path, { applyOrientation }), side, side);
  return data as Uint8Array<ArrayBuffer>;
}
