/** Candidates that probe an adapter's ceilings: what it does per second of one thing and nothing else. */
import type { Candidate } from './measure.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { Tape } from '../src/runtime/tape.ts';
import { arithmetic as arithmeticKernel } from '../src/kernels/probe/arithmetic.wgsl.ts';
import { copyByKernel } from '../src/kernels/copy/copy.ts';
import { exp } from '../src/kernels/elementwise/unary.ts';
import { load as loadKernel } from '../src/kernels/probe/load.wgsl.ts';
import { loadScalars as loadScalarsKernel } from '../src/kernels/probe/load_scalars.wgsl.ts';
import { spread } from '../src/kernels/elementwise/workgroups.ts';
import { startTape } from '../src/kernels/tape.ts';
import { store as storeKernel } from '../src/kernels/probe/store.wgsl.ts';

/** A candidate with how many of the things that it probes it does. */
export interface Probe extends Candidate {
  readonly amount: number;
}

const ARITHMETIC_WORKGROUPS = 512;

function probe(
  engine: Engine,
  name: string,
  sizes: Pick<Probe, 'amount' | 'bytes' | 'flops'>,
  run: (tape: Tape) => unknown,
): Probe {
  return {
    name,
    ...sizes,
    start: () => {
      const tape = startTape(engine, { gradients: false });
      return { run: () => void run(tape), end: () => tape.end() };
    },
  };
}

function arithmetic(tape: Tape, OPERATION: 0 | 1, steps: number): void {
  const output = tape.empty([4 * ARITHMETIC_WORKGROUPS * arithmeticKernel.constants.WORKGROUP.value]);
  tape.run(arithmeticKernel, {
    buffers: { output },
    params: { steps, factor: 0.5 },
    workgroups: ARITHMETIC_WORKGROUPS,
    constants: { OPERATION },
  });
}

/** Keeps an adapter busy with arithmetic in registers; in one launch. */
export function computeForNothing(tape: Tape, steps: number): void {
  arithmetic(tape, 0, steps);
}

/** All probes, over `elements` elements (a multiple of 16,384). */
export function adapterProbes(
  engine: Engine,
  elements: number,
): {
  readonly probes: Record<ProbeName, Probe>;
  readonly dispose: () => void;
} {
  const input = engine.tensor(
    Float32Array.from({ length: elements }, (_, i) => (i % 64) / 64),
    [elements],
  );
  const loads = (tape: Tape, EXPONENTIALS: 0 | 1): void => {
    const { workgroups, constants } = spread(engine, loadKernel, elements / 4);
    const sums = tape.empty([4 * workgroups * loadKernel.constants.WORKGROUP.value]);
    tape.run(loadKernel, {
      buffers: { input, sums },
      params: { count: elements / 4 },
      workgroups,
      constants: { ...constants, EXPONENTIALS },
    });
  };
  const invocations = ARITHMETIC_WORKGROUPS * arithmeticKernel.constants.WORKGROUP.value;
  const moved = (bytes: number) => ({ amount: elements, bytes: bytes * elements, flops: 0 });
  const probes = {
    copy: probe(engine, 'copy, vec4s', moved(8), (tape) => copyByKernel(tape, input)),
    load: probe(engine, 'load, vec4s', moved(4), (tape) => loads(tape, 0)),
    loadScalars: probe(engine, 'load, scalars', moved(4), (tape) => {
      const { workgroups, constants } = spread(engine, loadScalarsKernel, elements);
      const sums = tape.empty([workgroups * loadScalarsKernel.constants.WORKGROUP.value]);
      const params = { count: elements };
      tape.run(loadScalarsKernel, { buffers: { input, sums }, params, workgroups, constants });
    }),
    store: probe(engine, 'store, vec4s', moved(4), (tape) => {
      tape.run(storeKernel, {
        buffers: { output: tape.empty([elements]) },
        params: { count: elements / 4, value: 1 },
        ...spread(engine, storeKernel, elements / 4),
      });
    }),
    loadExponential: probe(engine, 'load and exp', moved(4), (tape) => loads(tape, 1)),
    copyExponential: probe(engine, 'load, exp and store', moved(8), (tape) => exp(tape, input)),
    exponential: probe(
      engine,
      'exp in registers',
      { amount: invocations * 8 * 64, bytes: 0, flops: 0 },
      (tape) => arithmetic(tape, 1, 64),
    ),
    multiplyAdd: probe(
      engine,
      'multiply-add in registers',
      { amount: invocations * 16 * 512, bytes: 0, flops: 2 * invocations * 16 * 512 },
      (tape) => arithmetic(tape, 0, 512),
    ),
  };
  return { probes, dispose: () => input.dispose() };
}

export type ProbeName =
  | 'copy'
  | 'load'
  | 'loadScalars'
  | 'store'
  | 'loadExponential'
  | 'copyExponential'
  | 'exponential'
  | 'multiplyAdd';
