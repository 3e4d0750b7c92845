import {
  createEngine,
  createLoader,
  createModel,
  createTrainer,
  explainCalm,
  IMAGENET_NORMALIZATION,
  mapSum,
  startTape,
  uploadBatch,
} from 'calm-webgpu';
import { openCub, writeBirdlets } from 'calm-webgpu/node';

const folder = 'birdlets-small'; // any folder laid out as CUB_200_2011; this one is drawn
await writeBirdlets(folder, { seed: 1, classes: 6, train: 48, val: 6, test: 6, size: 64 });
const data = { batchSize: 12, resize: 64, crop: 56 } as const;
const train = createLoader(await openCub({ folder, split: 'train' }), { ...data, mode: 'train' });

const engine = await createEngine(); // a GPUDevice of yours, navigator.gpu, or Dawn
const model = createModel(engine, {
  architecture: 'resnet18',
  head: 'calm-em',
  classes: 6,
  outputStride: 16,
});
const trainer = createTrainer(model, { learningRate: 0.003 });
await trainer.fit({
  epochs: 3,
  stepsPerEpoch: train.batchesPerEpoch, // all of them: the schedule counts by it
  train: (epoch) => train.epoch(epoch),
  onEpoch: ({ epoch, loss, accuracy }) => console.log({ epoch, loss, accuracy }),
});

const test = createLoader(await openCub({ folder, split: 'test' }), { ...data, mode: 'eval' });
for await (const batch of test.epoch(0)) {
  const tape = startTape(engine, { gradients: false }); // owns what is computed on it; give it back with end()
  const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
  const explained = await explainCalm(tape, model.forward(tape, images), { classes: { all: [2] } });
  for (const { probabilities, classes } of explained)
    // The map p(y=2, z | x), { height, width, data }, sums to p(y=2 | x).
    for (const { joint } of classes) console.log(joint.height, joint.width, mapSum(joint), probabilities[2]);
  tape.end();
}
engine.destroy();
