// What training costs around its kernels, on ResNet-50 with CALM's EM head at 224x224 pixels (7x7 map) unless said otherwise:
//   host       the CPU's time to record and submit a step: launched anew, and replayed from a capture
//   first      the first step of a process beside the later ones, with the driver's cache of compiled kernels empty and filled
//   batch      time an image in batches of 1, 2, 4, 8; of 16 and 32, too, on a GPU
//   recompute  memory and time of a step that computes its residual blocks again
//   memory     200 steps: GPU memory and the process's resident set
//   watch      a step with the search for numbers that are not finite beside one without
//   node bench/training.ts [PART...] [--quick] [--json FILE]
import type { Bench } from './harness.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { IMAGENET_NORMALIZATION, uploadBatch } from '../src/train/batch.ts';
import { makeTrainer, median, noiseBatch, stepTimes } from './training_setting.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { openBench } from './harness.ts';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { warmUp } from './measure.ts';
import { startTape } from '../src/kernels/tape.ts';
import { StepWatch } from '../src/train/step_watch.ts';
import { tmpdir } from 'node:os';

const MEBIBYTE = 2 ** 20;

/** The graph of a ResNet-50 whose layers have four channels: next to nothing to compute, all of the recording. */
async function host({ engine, quick, figure }: Bench): Promise<void> {
  const { model, trainer, dispose } = makeTrainer(engine, { classes: 8, widths: [4, 4, 4, 4] });
  const images = engine.zeros([2, 32, 32, 3]);
  const labels = engine.tensor(Uint32Array.of(1, 2), [2]);
  const one = engine.tensor(Float32Array.of(1), []);
  const step = (): (() => void) => {
    const tape = startTape(engine);
    model.parameters.placeGradients(tape);
    const { loss } = model.loss(tape, images, labels);
    tape.backward(loss, one);
    trainer.optimizer.step(tape);
    return () => tape.end();
  };
  step()();
  await engine.sync();
  const ends: (() => void)[] = [];
  const capture = engine.capture(() => void ends.push(step()));
  const times: { readonly anew: number[]; readonly replayed: number[] } = { anew: [], replayed: [] };
  for (let round = 0; round < (quick ? 20 : 100); round++) {
    for (const [name, launch] of [
      ['anew', () => step()()],
      ['replayed', () => capture.replay()],
    ] as const) {
      const begin = performance.now();
      launch();
      await engine.flush();
      times[name].push(performance.now() - begin);
      await engine.sync();
    }
  }
  figure('host', 'launches in a step', capture.length, '');
  figure('host', 'record and submit anew', median(times.anew), 'ms');
  figure('host', 'replay and submit', median(times.replayed), 'ms');
  for (const end of ends) end();
  capture.dispose();
  for (const made of [images, labels, one]) made.dispose();
  dispose();
}

function first({ figure }: Bench): void {
  // Mesa's variable; other drivers keep their own caches, and then both are as they are.
  const cache = mkdtempSync(join(tmpdir(), 'calm-bench-'));
  try {
    for (const state of ['empty', 'filled']) {
      const child = spawnSync(process.execPath, [join(import.meta.dirname, 'first_steps.ts')], {
        encoding: 'utf8',
        env: { ...process.env, MESA_SHADER_CACHE_DIR: cache },
      });
      if (child.status !== 0) throw new Error(`first_steps.ts: ${child.stderr}`);
      const times = JSON.parse(child.stdout.trim().split('\n').at(-1) ?? '') as {
        first: number;
        steady: number;
      };
      figure('first', `first step, cache ${state}`, times.first, 'ms');
      figure('first', `later steps, cache ${state}`, times.steady, 'ms');
      figure('first', `first / later, cache ${state}`, times.first / times.steady, '');
    }
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}

async function batch({ engine, quick, figure }: Bench): Promise<void> {
  const { trainer, dispose } = makeTrainer(engine);
  // What fills a GPU would take minutes on a CPU.
  const sizes = quick ? [1, 2] : engine.adapter.software ? [1, 2, 4, 8] : [1, 2, 4, 8, 16, 32];
  const perImage = new Map<number, number[]>(sizes.map((size) => [size, []]));
  // Alternating, so that a slow moment of the machine does not fall on one size.
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const size of sizes) {
      await warmUp(engine);
      const times = await stepTimes(trainer, noiseBatch(size, 224, 200), 5);
      perImage.get(size)?.push(median(times.slice(2)) / size);
      await engine.trim();
    }
  }
  const one = median(perImage.get(1) ?? []);
  for (const [size, times] of perImage) {
    figure('batch', `batch ${size}, an image`, median(times), 'ms');
    figure('batch', `batch ${size}, throughput against batch 1`, one / median(times), '');
  }
  dispose();
}

async function recompute({ engine, quick, figure }: Bench): Promise<void> {
  const size = quick ? 2 : 8;
  const times: number[] = [];
  for (const again of [false, true]) {
    const { trainer, dispose } = makeTrainer(engine, { recompute: again });
    const fixed = engine.memory().usedBytes;
    let most = 0;
    const taken = await stepTimes(trainer, noiseBatch(size, 224, 200), 5, () => {
      most = Math.max(most, engine.memory().usedBytes);
    });
    const name = again ? 'recomputed' : 'kept';
    times.push(median(taken.slice(2)));
    figure('recompute', `batch ${size}, blocks ${name}: step`, times.at(-1) ?? Number.NaN, 'ms');
    // A captured step reserves its peak, so what is in use between two steps is that.
    figure('recompute', `batch ${size}, blocks ${name}: above the weights`, (most - fixed) / MEBIBYTE, 'MiB');
    dispose();
    await engine.trim();
  }
  figure(
    'recompute',
    `batch ${size}: time of a step, recomputed / kept`,
    (times[1] ?? 0) / (times[0] ?? 0),
    '',
  );
}

async function memory({ engine, quick, figure }: Bench): Promise<void> {
  const { trainer, dispose } = makeTrainer(engine);
  const steps = quick ? 20 : 200;
  await stepTimes(trainer, noiseBatch(2, 224, 200), steps, (step) => {
    if (step !== 5 && step % (steps / 4) !== 0) return;
    const { usedBytes, freeBytes } = engine.memory();
    figure('memory', `step ${step}: GPU memory`, (usedBytes + freeBytes) / MEBIBYTE, 'MiB');
    figure('memory', `step ${step}: resident set`, process.memoryUsage.rss() / MEBIBYTE, 'MiB');
  });
  dispose();
}

/** One step recorded with the watch and once without, replayed in turns. */
async function watch({ engine, quick, figure }: Bench): Promise<void> {
  const { model, trainer, dispose } = makeTrainer(engine);
  const tape = startTape(engine, { gradients: false });
  const { images, labels } = uploadBatch(tape, noiseBatch(2, 224, 200), IMAGENET_NORMALIZATION);
  const one = engine.tensor(Float32Array.of(1), []);
  const stepWatch = new StepWatch(model, null);
  stepWatch.begin();
  const record = (isWatched: boolean): { loss: Tensor; end: () => void } => {
    const stepTape = startTape(engine);
    model.parameters.placeGradients(stepTape);
    const { loss } = model.loss(stepTape, images, labels);
    stepTape.backward(loss, one);
    if (isWatched) stepWatch.judge(loss);
    trainer.optimizer.step(stepTape, ...(isWatched ? [stepWatch.verdict] : []));
    if (isWatched) stepWatch.judgeWeights();
    return { loss, end: () => stepTape.end() };
  };
  const steps = [true, false].map((isWatched) => {
    // Once before, so that kernels are compiled and the optimiser's tables there.
    record(isWatched).end();
    const recorded: ReturnType<typeof record>[] = [];
    const capture = engine.capture(() => void recorded.push(record(isWatched)));
    const times: number[] = [];
    const replay = async (): Promise<void> => {
      const begin = performance.now();
      capture.replay();
      await Promise.all([
        ...recorded.map(({ loss }) => engine.read(loss)),
        ...(isWatched ? [stepWatch.read()] : []),
      ]);
      times.push(performance.now() - begin);
    };
    const end = (): void => {
      for (const each of recorded) each.end();
      capture.dispose();
    };
    return { times, replay, end };
  });
  for (let round = 0; round < (quick ? 4 : 25); round++) for (const { replay } of steps) await replay();
  const [watched, plain] = steps.map(({ times }) => times.slice(2));
  // Each beside its neighbour, so that what changes slowly on the machine changes both.
  const shares = (watched ?? []).map((time, index) => time / (plain?.[index] ?? Number.NaN) - 1);
  figure('watch', 'step without', median(plain ?? []), 'ms');
  figure('watch', 'step with', median(watched ?? []), 'ms');
  figure('watch', 'more with than without, median of pairs', 100 * median(shares), '%');
  for (const { end } of steps) end();
  stepWatch.dispose();
  one.dispose();
  tape.end();
  dispose();
}

const bench = await openBench('training');
if (bench.wanted('host')) await host(bench);
if (bench.wanted('first')) first(bench);
if (bench.wanted('batch')) await batch(bench);
if (bench.wanted('recompute')) await recompute(bench);
if (bench.wanted('memory')) await memory(bench);
if (bench.wanted('watch')) await watch(bench);
await bench.finish();
