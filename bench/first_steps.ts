// Times of the first training steps of a fresh process, as one line of JSON: bench/training.ts starts it with an empty and with a filled
// cache of the driver's compiled kernels. By itself it tells what a user waits for.
//   node bench/first_steps.ts
import { createEngine } from '../src/runtime/create_engine.ts';
import { makeTrainer, median, noiseBatch, stepTimes } from './training_setting.ts';

const engine = await createEngine();
const { trainer, dispose } = makeTrainer(engine, {}, { stepsInFlight: 1 });
await engine.sync();
const [first = Number.NaN, ...later] = await stepTimes(trainer, noiseBatch(2, 224, 200), 6);
console.log(JSON.stringify({ first, steady: median(later.slice(1)) }));
dispose();
engine.destroy();
