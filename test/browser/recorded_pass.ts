/** A pass of a small network as a file, for `calm compare`: what a page does that wants to know where it parts from Node. */
import type { Engine } from '../../src/runtime/engine.ts';
import { encodeTensor, serializeSafetensors } from '../../src/model/safetensors.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { recordPass } from '../../src/train/recorded_pass.ts';
import { smallModel } from '../train/patches.ts';

const SIDE = 20;

/** The file's bytes, as numbers that JSON can carry. */
export async function recordedPass(engine: Engine): Promise<number[]> {
  const model = smallModel(engine);
  const stream = new RandomStream(3);
  const pixels = Float32Array.from({ length: 2 * 3 * SIDE * SIDE }, () => stream.uniform(-2, 2));
  try {
    const { tensors, metadata } = await recordPass(model, {
      images: encodeTensor(pixels, [2, 3, SIDE, SIDE]),
      labels: encodeTensor(Int32Array.of(0, 2), [2]),
    });
    return [...serializeSafetensors(tensors, metadata)];
  } finally {
    model.dispose();
  }
}
