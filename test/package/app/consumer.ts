// Compiled, never run: the types a user meets.
import type { Engine, Model, Tensor } from 'calm-webgpu';
import { createEngine, createModel, DatasetError, startTape } from 'calm-webgpu';
import { openCub } from 'calm-webgpu/node';

export async function consume(device: GPUDevice): Promise<number> {
  const engine: Engine = await createEngine({ device });
  const model: Model = createModel(engine, { architecture: 'resnet18', head: 'calm-em', classes: 3 });
  const tensor: Tensor = engine.tensor(Float32Array.of(1, 2), [2]);
  const tape = startTape(engine);
  // @ts-expect-error: an architecture that there is not
  createModel(engine, { architecture: 'resnet19', head: 'calm-em', classes: 3 });
  try {
    const data = await openCub({ folder: 'CUB_200_2011', split: 'train' });
    return data.length + tensor.shape.length + model.configuration.classes;
  } catch (error) {
    if (error instanceof DatasetError) return 0;
    throw error;
  } finally {
    tape.end();
  }
}
