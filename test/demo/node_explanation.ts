import type { Image } from '../../src/data/image.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { explainBatch } from '../../tools/explain/explain_batch.ts';
import { batchOf } from '../../tools/explain/images.ts';
import { loadCheckpoint } from '../../tools/explain/load_model.ts';

/** Maps of a picture as `calm explain` computes them on the embedded SwiftShader, which the browser has too. */
export async function nodeExplanation(
  checkpoint: string,
  image: Image,
  classIndex: number,
): Promise<ReadonlyMap<string, readonly number[]>> {
  const engine = await createEngine({ adapter: 'swiftshader' });
  try {
    const { model, crop } = await loadCheckpoint(engine, checkpoint);
    const batch = batchOf([{ path: 'bird', name: 'bird', image }], crop ?? 0);
    const methods = ['joint', 'conditional', 'posterior', 'saliency'] as const;
    const [explained] = await explainBatch(model, batch, { classIndex, methods });
    model.dispose();
    return new Map(Array.from(explained?.maps ?? [], ([name, { data }]) => [name, [...data]]));
  } finally {
    engine.destroy();
  }
}
