/** Random cases of operations, to be held to their float64 references as the written ones are. */
import type { CaseInput, CaseValues, OpCase, OpCases } from '../../../src/kernels/cases.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import type { Random } from '../chance.ts';
import type { Shape } from '../../../src/runtime/shape.ts';
import { checkOp } from '../../kernels/check_op.ts';
import { chanceOf, pick } from '../chance.ts';

/** A case without its name, which its number gives. */
export type UnnamedCase<Options> = Omit<OpCase<Options>, 'name'>;

/** An operation of which cases can be made by chance. */
export interface FuzzedOp {
  readonly name: string;
  /** Makes the case of a number and holds it to the reference, in one of the variants that the adapter can run. */
  readonly check: (engine: Engine, seed: number, index: number) => Promise<void>;
}

export function fuzzed<Options>(
  op: OpCases<Options>,
  make: (random: Random) => UnnamedCase<Options>,
): FuzzedOp {
  return {
    name: op.name,
    async check(engine, seed, index) {
      const random = chanceOf(seed, op.name, index);
      const variants = op.variants ?? ['default'];
      const able = variants.filter((each) => op.supports?.(each, engine.capabilities.subgroupSize) ?? true);
      const variant = pick(random, able);
      const unnamed = make(random);
      const shapes = unnamed.inputs.map(({ shape, values }) => `[${shape.join(',')}] ${values.kind}`);
      const name = `seed ${seed}, case ${index}: ${shapes.join(' ')}, ${JSON.stringify(unnamed.options)}`;
      try {
        // What the reference's gradient is worth is seen in the written cases; most of the time would go there.
        await checkOp(engine, op, { finiteDifferences: false, ...unnamed, name }, variant);
      } catch (error) {
        throw new Error(`${op.name}, ${variant}, ${name}: ${String(error)}`, { cause: error });
      }
    },
  };
}

/** Sizes at which vectors, tiles, subgroups and workgroups are just filled, not, or more than. */
const SIZES = [
  1, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 15, 16, 17, 20, 31, 32, 33, 37, 63, 64, 65, 67, 100, 127, 128, 129, 200,
  257,
];

/** A size of 1 to `most`. */
export function size(random: Random, most: number): number {
  if (random(4) === 0) return 1 + random(most);
  return pick(
    random,
    SIZES.filter((each) => each <= most),
  );
}

/** A shape of 0 to 4 axes (at least `least`), of so many elements at most. */
export function shape(random: Random, mostElements: number, least = 1): Shape {
  const axes = least + random(5 - least);
  let left = mostElements;
  return Array.from({ length: axes }, () => {
    const extent = size(random, Math.max(1, Math.min(left, 300)));
    left = Math.floor(left / extent);
    return extent;
  });
}

/** [N,H,W,C] */
export const image = (
  random: Random,
  mostSide: number,
  mostChannels: number,
): [number, number, number, number] => [
  1 + random(3),
  size(random, mostSide),
  size(random, mostSide),
  size(random, mostChannels),
];

export const normal: CaseValues = { kind: 'normal' };
/** No two values near one another, none near zero: no kink, no tie. */
export const distinct: CaseValues = { kind: 'distinct', gap: 0.01 };

export const logits = (random: Random): CaseValues =>
  pick<CaseValues>(random, [
    { kind: 'normal', scale: 2 },
    { kind: 'outliers', scale: 4 },
    { kind: 'uniform', low: -80, high: 80 },
    { kind: 'constant', value: 50 },
  ]);

const OUTSIDE = [0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff];

/** Labels of classes; in one case of four also such as no class has: the next one, huge ones, and what -1 becomes. */
export function labels(random: Random, labelShape: Shape, classes: number): CaseInput {
  const dtype = 'u32';
  if (random(4) > 0) return { shape: labelShape, values: { kind: 'integers', below: classes }, dtype };
  const values = Array.from({ length: labelShape.reduce((count, extent) => count * extent, 1) }, () =>
    random(2) === 0 ? random(classes) : pick(random, [classes, classes + 1, 2 * classes, ...OUTSIDE]),
  );
  return { shape: labelShape, values: { kind: 'given', values }, dtype };
}

/** A number between two, of few digits so that messages can be read. */
export const between = (random: Random, low: number, high: number): number =>
  low + ((high - low) * random(1001)) / 1000;
