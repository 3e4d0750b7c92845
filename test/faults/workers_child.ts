/** Run by workers.test.ts: engines in worker threads. `node workers_child.ts compute|stop|terminate|notes` */
import { createHash } from 'node:crypto';
import { isMainThread, parentPort as port, Worker, workerData } from 'node:worker_threads';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatches, smallModel } from '../train/patches.ts';

const STEPS = 8;

/** A hash of the parameters after some steps. */
async function train(): Promise<string> {
  const engine = await createEngine();
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.01 });
  await trainer.trainEpoch(patchBatches(1, STEPS), { epoch: 1, stepsPerEpoch: STEPS });
  const parameters = await engine.read(model.parameters.values);
  engine.destroy();
  return createHash('sha256').update(parameters).digest('hex');
}

/** Trains until the parent says stop. */
async function trainUntilStopped(): Promise<void> {
  const engine = await createEngine();
  const trainer = createTrainer(smallModel(engine), { learningRate: 0.01 });
  const training = trainer.trainEpoch(patchBatches(1, 1e6), {
    epoch: 1,
    stepsPerEpoch: 1e6,
    onStep: ({ step }) => void (step === 3 && port?.postMessage('computing', [])),
  });
  port?.once('message', () => engine.destroy());
  await training.catch((error: unknown) => console.log(error instanceof Error ? error.name : error));
}

/** Computes, and then does nothing for ever. */
async function idle(destroy: boolean): Promise<void> {
  const engine = await createEngine();
  await engine.read(engine.zeros([4]));
  if (destroy) engine.destroy();
  setInterval(() => undefined, 1000);
  port?.postMessage('idle', []);
}

function startWorker(what: string): Worker {
  const worker = new Worker(new URL(import.meta.url), { workerData: what });
  worker.on('error', (error) => {
    throw error;
  });
  return worker;
}

const ended = (worker: Worker): Promise<number> =>
  new Promise((resolve) => {
    worker.once('exit', resolve);
  });

const message = (worker: Worker): Promise<unknown> =>
  new Promise((resolve) => {
    worker.once('message', resolve);
  });

async function main(what: string): Promise<void> {
  switch (what) {
    case 'compute': {
      const workers = ['train', 'train', 'train'].map(startWorker);
      for (const hash of await Promise.all([train(), ...workers.map(message)])) console.log(hash);
      break;
    }
    case 'stop': {
      const workers = ['until stopped', 'until stopped'].map(startWorker);
      await Promise.all(workers.map(message));
      const codes = Promise.all(workers.map(ended));
      for (const worker of workers) worker.postMessage('stop', []);
      for (const code of await codes) console.log(`ended ${code}`);
      break;
    }
    case 'terminate': {
      const workers = ['idle', 'destroyed'].map(startWorker);
      await Promise.all(workers.map(message));
      for (const worker of workers) console.log(`ended ${await worker.terminate()}`);
      break;
    }
    case 'notes':
      console.log(await message(startWorker('notes')));
      break;
  }
}

async function work(what: unknown): Promise<void> {
  if (what === 'train') port?.postMessage(await train(), []);
  else if (what === 'until stopped') await trainUntilStopped();
  else if (what === 'notes') {
    const engine = await createEngine();
    port?.postMessage(engine.notes.join('\n'), []);
    engine.destroy();
  } else await idle(what === 'destroyed');
}

await (isMainThread ? main(process.argv[2] ?? '') : work(workerData));
