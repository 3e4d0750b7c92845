/**
 * What bench/distributed.ts starts as every rank: trains a ResNet-18 (11.2 million parameters, 45 MB of gradients) on fixed batches and prints
 * one line of JSON. Arguments: images a rank and step, steps, milliseconds by which every sum is held up, 'sum' or 'apart' (no exchange at all).
 */
import type { Communicator } from '../src/distributed/communicator.ts';
import { alone } from '../src/distributed/communicator.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { createModel } from '../src/model/model.ts';
import { createTrainer } from '../src/train/trainer.ts';
import { DataParallel } from '../src/distributed/data_parallel.ts';
import { openCommunicator } from '../src/distributed/open.node.ts';
import { RandomStream } from '../src/runtime/random.ts';

const [images = 8, steps = 10, delay = 0] = process.argv.slice(2, 5).map(Number);
const [how = 'sum', side = '64'] = process.argv.slice(5);
const SIDE = Number(side);
const WARM_STEPS = 4;

const job = await openCommunicator();

/** As a slower network: every sum takes so much longer, without anybody computing for it. */
function held(communicator: Communicator): Communicator {
  return {
    ...communicator,
    rank: communicator.rank,
    size: communicator.size,
    async allReduce(values) {
      const sum = await communicator.allReduce(values);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      return sum;
    },
    broadcast: (bytes, root) => communicator.broadcast(bytes, root),
  };
}

function batch(seed: number) {
  const random = new RandomStream(seed, job.rank);
  return {
    images: Uint8Array.from({ length: images * SIDE * SIDE * 3 }, () => random.integer(256)),
    height: SIDE,
    width: SIDE,
    crop: SIDE,
    labels: Uint32Array.from({ length: images }, (_, image) => image % 10),
    crops: new Int32Array(2 * images),
    flips: new Uint8Array(images),
    wholeSize: how === 'sum' ? images * job.size : images,
  };
}

async function* batches() {
  for (let step = 0; step < WARM_STEPS + steps; step++) yield await Promise.resolve(batch(step));
}

const engine = await createEngine();
const model = createModel(engine, { architecture: 'resnet18', head: 'calm-em', classes: 10 });
const parallel = how === 'apart' ? null : new DataParallel(held(job.size === 1 ? alone : job));
const trainer = createTrainer(model, { learningRate: 0.001, ...(parallel === null ? {} : { parallel }) });
await job.barrier();
let warm = { time: 0, milliseconds: 0, bytes: 0 };
let told = 0;
await trainer.trainEpoch(batches(), {
  epoch: 1,
  stepsPerEpoch: WARM_STEPS + steps,
  onStep: () => {
    told += 1;
    if (told === WARM_STEPS)
      warm = { ...(parallel?.statistics ?? { milliseconds: 0, bytes: 0 }), time: performance.now() };
  },
});
const millisecondsPerStep = (performance.now() - warm.time) / steps;
const { milliseconds, bytes } = parallel?.statistics ?? { milliseconds: 0, bytes: 0 };
console.log(
  JSON.stringify({
    rank: job.rank,
    size: job.size,
    millisecondsPerStep,
    sumMillisecondsPerStep: (milliseconds - warm.milliseconds) / steps,
    bytesPerStep: (bytes - warm.bytes) / steps,
    adapter: engine.adapter,
  }),
);
trainer.dispose();
model.dispose();
engine.destroy();
await job.close();
