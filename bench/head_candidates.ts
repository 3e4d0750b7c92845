/** What the head's benchmark times, on Node and in a page; see head.ts. */
import type { Array64 } from '../src/kernels/reference.ts';
import type { BenchCase, CaseGroup, PreparedCase } from './bench_case.ts';
import type { Candidate } from './measure.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { JointHeadOptions } from '../src/kernels/joint_head/joint_head.ts';
import type { RowVariant } from '../src/kernels/softmax/row_statistics.ts';
import type { Tape } from '../src/runtime/tape.ts';
import type { Tensor } from '../src/runtime/tensor.ts';
import { array64 } from '../src/kernels/reference.ts';
import { jointHead } from '../src/kernels/joint_head/joint_head.ts';
import { jointHeadReference, jointHeadReferenceGradient } from '../src/kernels/joint_head/reference.ts';
import { startTape } from '../src/kernels/tape.ts';
import { unfusedJointHead } from '../src/kernels/joint_head/unfused.ts';

interface HeadSize {
  readonly batch: number;
  readonly classes: number;
  readonly side: number;
  /** Small enough for `--quick`. */
  readonly quick: boolean;
}

const sizes: readonly HeadSize[] = [
  { batch: 32, classes: 200, side: 28, quick: false },
  { batch: 32, classes: 1000, side: 14, quick: false },
  { batch: 8, classes: 200, side: 14, quick: true },
  { batch: 8, classes: 201, side: 14, quick: true },
  { batch: 2, classes: 1000, side: 7, quick: true },
  { batch: 64, classes: 5, side: 14, quick: true },
];

type Objective = JointHeadOptions['objective'];
type Head = (tape: Tape) => Tensor;

/** A tensor of standard normal numbers times `scale`; the same in every run. */
function normalValues(count: number, scale: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed;
  const uniform = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return Float32Array.from(
    { length: count },
    () => scale * Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
}

/** Largest difference relative to the largest wanted value. */
function relativeError(got: Float32Array, wanted: Array64): number {
  let error = 0;
  let scale = 0;
  for (const [i, value] of wanted.data.entries()) {
    const difference = Math.abs((got[i] ?? Number.NaN) - value);
    error = difference <= error ? error : difference;
    scale = Math.max(scale, Math.abs(value));
  }
  return error / scale;
}

/** The candidates of one size and loss, with the tensors they share. */
function prepareHead(engine: Engine, { batch, classes, side }: HeadSize, objective: Objective): PreparedCase {
  const places = side * side;
  const elements = batch * places * classes;
  const hostF = normalValues(elements, 2, 1);
  const hostA = normalValues(batch * places, 2, 2);
  const hostLabels = Uint32Array.from({ length: batch }, (_, n) => (n * 37) % classes);
  const f = engine.tensor(hostF, [batch, side, side, classes], { requiresGradient: true });
  const a = engine.tensor(hostA, [batch, side, side, 1], { requiresGradient: true });
  const labels = engine.tensor(hostLabels, [batch]);
  const lossGradient = engine.tensor(new Float32Array(batch).fill(1 / batch), [batch]);

  /** Holds loss and gradients of the last image to float64. */
  const check = async (name: string, head: Head): Promise<void> => {
    const tape = startTape(engine);
    try {
      const loss = head(tape);
      tape.backward(loss, lossGradient);
      const [df, da] = [tape.gradient(f), tape.gradient(a)];
      if (df === null || da === null) throw new Error(`${name}: no gradient`);
      const last = batch - 1;
      const one = {
        f: array64([1, side, side, classes], hostF.subarray(last * places * classes)),
        a: array64([1, side, side, 1], hostA.subarray(last * places)),
        labels: array64([1], hostLabels.subarray(last)),
      };
      const wanted = jointHeadReference(one.f, one.a, one.labels, { objective });
      const seed = array64([1], [1 / batch]);
      const [wantedF, wantedA] = jointHeadReferenceGradient(one.f, one.a, one.labels, seed, { objective });
      const errors = [
        relativeError((await engine.read(loss)).subarray(last), wanted),
        relativeError((await engine.read(df)).subarray(last * places * classes), wantedF),
        relativeError((await engine.read(da)).subarray(last * places), wantedA),
      ];
      // The unfused chain is not in log space; both stay well below this for logits of a few units.
      if (!errors.every((error) => error < 1e-4))
        throw new Error(`${name} is wrong: relative errors ${errors.join(', ')} of loss and gradients`);
    } finally {
      tape.end();
    }
  };

  const fused =
    (variant?: RowVariant): Head =>
    (tape) =>
      jointHead(tape, f, a, labels, { objective, ...(variant === undefined ? {} : { variant }) }).loss;
  const [chosen, other]: RowVariant[] = engine.capabilities.software
    ? ['invocation', 'lanes']
    : ['lanes', 'invocation'];
  const heads: readonly (readonly [string, Head])[] = [
    [`fused (${chosen})`, fused()],
    [`fused, not chosen (${other})`, fused(other)],
    ['chain of single ops', (tape) => unfusedJointHead(tape, f, a, labels, { objective })],
  ];
  const flops = { forward: 4 * elements, backward: 5 * elements, both: 9 * elements };
  const operations = {
    forward: { loads: elements, exponentials: elements },
    backward: { loads: elements, stores: elements, exponentials: elements },
    both: { loads: 2 * elements, stores: elements, exponentials: 2 * elements },
  };
  const bytes = { forward: 4 * elements, backward: 8 * elements, both: 12 * elements };
  const groups = (['forward', 'backward', 'both'] as const).map((part): CaseGroup => ({
    title: `${part}, ${objective}, B=${batch} C=${classes} ${side}x${side}`,
    copyBytes: 8 * elements,
    candidates: heads.map(([name, head]): Candidate => ({
      name,
      bytes: bytes[part],
      flops: flops[part],
      operations: operations[part],
      ...(part === 'forward' ? { check: () => check(name, head) } : {}),
      start: () => {
        const tape = startTape(engine);
        const loss = part === 'backward' ? head(tape) : null;
        const run = (): void => {
          const output = loss ?? head(tape);
          if (part !== 'forward') tape.backward(output, lossGradient);
        };
        return { run, end: () => tape.end() };
      },
    })),
  }));
  const dispose = (): void => {
    for (const tensor of [f, a, lossGradient]) tensor.dispose();
    labels.dispose();
  };
  return { groups, dispose };
}

/** Both losses at every size. */
export function headCases({ quick }: { readonly quick: boolean }): BenchCase[] {
  return sizes
    .filter((size) => size.quick || !quick)
    .flatMap((size) =>
      (['em', 'ml'] as const).map((objective) => ({
        name: `${objective} B=${size.batch} C=${size.classes} ${size.side}x${size.side}`,
        prepare: (engine: Engine) => prepareHead(engine, size, objective),
      })),
    );
}
