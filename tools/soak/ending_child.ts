/** A process that ends in one of the ways of endings.ts. */
import { createEngine } from '../../src/runtime/create_engine.ts';
import { isMainThread, Worker } from 'node:worker_threads';
import { linear } from '../../src/kernels/linear/linear.ts';
import { trainLong } from './memory_growth.ts';
import { startTape } from '../../src/kernels/tape.ts';

const SIZE = 512;
const engine = await createEngine();
const x = engine.tensor(new Float32Array(SIZE * SIZE).fill(1e-3), [SIZE, SIZE]);

/** Half a second of work on two cores, and its result. */
function compute(): Promise<unknown> {
  const tape = startTape(engine, { gradients: false });
  let y = x;
  for (let i = 0; i < 100; i++) {
    const next = linear(tape, y, x);
    if (y !== x) tape.release(y);
    y = next;
  }
  const result = engine.read(y);
  tape.end();
  return result;
}

/** Kernels are compiled, and then the GPU is at work. */
async function startComputing(): Promise<void> {
  const tape = startTape(engine, { gradients: false });
  await engine.read(linear(tape, x, x));
  tape.end();
  const result = compute();
  // Where the process goes on, whoever waits is told; it must not be what ends it.
  result.catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
}

async function endAs(name: string): Promise<void> {
  const [how = '', what = ''] = name.split(', ');
  if (what.endsWith('computing')) await startComputing();
  if (what === 'compiling') compute().catch(() => undefined);
  if (what === 'compiling ahead') {
    // Enough kernels at once for further devices to compile them.
    trainLong(engine, { steps: 1, every: 1, capture: false }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200 + Math.random() * 800));
  }
  if (what === 'engine destroyed computing') engine.destroy();
  if (what === 'device destroyed computing') engine.device.destroy();
  if (what === 'engine left') await compute();
  if (what === 'tensors collected') {
    for (let i = 0; i < 50; i++) engine.zeros([1000 + i]);
    await engine.sync();
    globalThis.gc?.();
  }
  if (what === 'device lost') {
    const pending = compute().catch(() => undefined);
    engine.device.destroy();
    await pending;
  }
  if (what === 'done')
    await Promise.all(
      [1, 2].map(
        () =>
          new Promise((resolve) =>
            new Worker(new URL(import.meta.url), { argv: ['end'] }).once('exit', resolve),
          ),
      ),
    );
  if (how === 'exit') process.exit(3);
  if (how === 'throw')
    setTimeout(() => {
      throw new Error('thrown on purpose');
    });
  if (how === 'rejection') void Promise.reject(new Error('rejected on purpose'));
  if (how.startsWith('SIG')) process.kill(process.pid, how);
  if (name === 'end') {
    await compute();
    engine.destroy();
  }
}

if (isMainThread) console.log(engine.adapter.name);
await endAs(process.argv[2] ?? 'end');
