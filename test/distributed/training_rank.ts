/**
 * What training.test.ts runs on every rank: trains small networks on shares of fixed batches and prints a fingerprint of all that training
 * changes. Arguments: images of a whole batch, steps, 'sync' or 'own' statistics.
 */
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { DataParallel } from '../../src/distributed/data_parallel.ts';
import { fingerprintOf } from './hostile_numbers.ts';
import { openCommunicator } from '../../src/distributed/open.node.ts';
import { sharedBatches } from './shared_batches.ts';
import { smallModel } from '../train/patches.ts';

const [images = 7, steps = 8] = process.argv.slice(2, 4).map(Number);
const communicator = await openCommunicator();
const parallel = new DataParallel(communicator, {
  synchronizeBatchNorm: process.argv[4] === 'sync',
  bucketBytes: 2000,
});
const engine = await createEngine();
const model = smallModel(engine);
const trainer = createTrainer(model, { learningRate: 0.02, parallel });
const losses: number[] = [];
await trainer.trainEpoch(sharedBatches(1, steps, images, communicator), {
  epoch: 1,
  stepsPerEpoch: steps,
  onStep: ({ loss }) => void losses.push(loss),
});
const values = await engine.read(model.parameters.values);
console.log(
  JSON.stringify({
    rank: communicator.rank,
    parameters: fingerprintOf(values),
    velocities: fingerprintOf(await engine.read(trainer.optimizer.velocities)),
    norm: Math.hypot(...values),
    losses,
  }),
);
trainer.dispose();
model.dispose();
engine.destroy();
await communicator.close();
