/**
 * What bench/distributed.ts starts as every rank: trains a network with CALM's head on fixed batches and prints one line of JSON. Arguments: architecture, side of
 * the images, images a rank and step, steps, 'exchange' or 'apart' (no exchange at all), milliseconds by which every sum is held up.
 */
import type { Architecture } from '../src/model/architectures.ts';
import type { Communicator } from '../src/distributed/communicator.ts';
import { alone } from '../src/distributed/communicator.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { createModel } from '../src/model/model.ts';
import { createTrainer } from '../src/train/trainer.ts';
import { DataParallel } from '../src/distributed/data_parallel.ts';
import { median } from './training_setting.ts';
import { openCommunicator } from '../src/distributed/open.node.ts';
import { RandomStream } from '../src/runtime/random.ts';

const [architecture = 'resnet18', ...values] = process.argv.slice(2);
const [side = 64, images = 8, steps = 6] = values.map(Number);
const [, , , how = 'exchange', delay = '0'] = values;
const CLASSES = 200;
/** The first is launched anew, the second captured. */
const WARM_STEPS = 2;

const job = await openCommunicator();

/** As a slower network: every sum takes so much longer, without anybody computing for it. */
function held(communicator: Communicator): Communicator {
  return {
    ...communicator,
    rank: communicator.rank,
    size: communicator.size,
    async allReduce(values, target) {
      const sum = await communicator.allReduce(values, target);
      if (Number(delay) > 0) await new Promise((resolve) => setTimeout(resolve, Number(delay)));
      return sum;
    },
    broadcast: (bytes, root) => communicator.broadcast(bytes, root),
  };
}

function makeBatch() {
  const random = new RandomStream(1, job.rank);
  return {
    images: Uint8Array.from({ length: images * side * side * 3 }, () => random.integer(256)),
    height: side,
    width: side,
    crop: side,
    labels: Uint32Array.from({ length: images }, (_, image) => (37 * image) % CLASSES),
    crops: new Int32Array(2 * images),
    flips: new Uint8Array(images),
    wholeSize: how === 'exchange' ? images * job.size : images,
  };
}

async function* batches() {
  const batch = makeBatch();
  for (let step = 0; step < WARM_STEPS + steps; step++) yield await Promise.resolve(batch);
}

const engine = await createEngine();
const model = createModel(engine, {
  architecture: architecture as Architecture,
  head: 'calm-em',
  classes: CLASSES,
});
const parallel = how === 'apart' ? null : new DataParallel(held(job.size === 1 ? alone : job));
const trainer = createTrainer(model, { learningRate: 1e-6, ...(parallel === null ? {} : { parallel }) });
await job.barrier();
const before = { milliseconds: 0, bytes: 0, processor: process.cpuUsage() };
const statistics = () => parallel?.statistics ?? { milliseconds: 0, bytes: 0 };
const times: number[] = [];
let last = performance.now();
await trainer.trainEpoch(batches(), {
  epoch: 1,
  stepsPerEpoch: WARM_STEPS + steps,
  onStep: ({ step }) => {
    const now = performance.now();
    if (step > WARM_STEPS) times.push(now - last);
    last = now;
    if (step === WARM_STEPS) Object.assign(before, { ...statistics(), processor: process.cpuUsage() });
  },
});
const { user, system } = process.cpuUsage(before.processor);
const { milliseconds, bytes } = statistics();
console.log(
  JSON.stringify({
    millisecondsPerStep: median(times),
    sumMillisecondsPerStep: (milliseconds - before.milliseconds) / steps,
    processorMillisecondsPerStep: (user + system) / 1000 / steps,
    bytesPerStep: (bytes - before.bytes) / steps,
    adapter: engine.adapter,
  }),
);
trainer.dispose();
model.dispose();
engine.destroy();
await job.close();
