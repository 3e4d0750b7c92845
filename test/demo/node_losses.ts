import type { TrainingSettings } from '../../demo/protocol.ts';
import { birdletDataset } from '../../src/data/birdlets/dataset.ts';
import {
  CLASSES,
  modelOptions,
  PICTURE_SIZE,
  trainerOptions,
  trainingLoaderOptions,
} from '../../tools/start/settings.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createLoader } from '../../src/data/loader.ts';
import { createModel } from '../../src/model/model.ts';
import { createTrainer } from '../../src/train/trainer.ts';

/** The loss of every step as Node trains, on the embedded SwiftShader. */
export async function nodeLosses(settings: TrainingSettings): Promise<number[]> {
  const { seed, epochs, pictures } = settings;
  const engine = await createEngine({ adapter: 'swiftshader' });
  try {
    const dataset = birdletDataset({
      seed,
      split: 'train',
      count: pictures,
      size: PICTURE_SIZE,
      classes: CLASSES,
    });
    const loader = createLoader(dataset, trainingLoaderOptions(settings));
    const model = createModel(engine, modelOptions('calm-em', seed));
    const trainer = createTrainer(model, trainerOptions(model, epochs, 'current'));
    const losses: number[] = [];
    await trainer.fit({
      epochs,
      stepsPerEpoch: loader.batchesPerEpoch,
      train: (epoch, first) => loader.epoch(epoch, first),
      onStep: ({ loss }) => losses.push(loss),
    });
    trainer.dispose();
    model.dispose();
    return losses;
  } finally {
    engine.destroy();
  }
}
