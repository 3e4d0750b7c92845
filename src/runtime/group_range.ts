import type { Grid } from './grid.ts';
import type { KernelModule } from './kernel.ts';
import type { Work } from './profile.ts';

/**
 * Systems end a GPU's work, and take the device away, when one dispatch runs for a second or two. So large ones are cut: each part
 * runs a range of the workgroups, which are told their places in the whole. They compute what they would have, to the same bits.
 */

/**
 * Most work of one dispatch, in floating-point operations: half a second of a GPU at 100 GFLOP/s, a second of a software adapter at 5
 * (what SwiftShader reaches in our kernels; lavapipe is ten times as fast).
 */
export const MOST_WORK = { software: 5e9, hardware: 5e10 } as const;

/** Operations that take as long as to move a byte. */
const BYTE_COST = 4;

/** A range of a grid's workgroups. */
export interface GroupRange {
  readonly first: Grid;
  readonly count: Grid;
}

/** Cuts a range into that many parts, or as many as it has workgroups: along its longest axis, and the others where one is too short. */
export function cut(range: GroupRange, parts: number): GroupRange[] {
  const size = Math.max(...range.count);
  if (parts <= 1 || size === 1) return [range];
  const axis = range.count.indexOf(size);
  const slices = Math.min(Math.ceil(parts), size);
  const edge = (slice: number): number => Math.floor((slice * size) / slices);
  return Array.from({ length: slices }, (_, slice) => {
    const replace = ([x, y, z]: Grid, value: number): Grid => [
      axis === 0 ? value : x,
      axis === 1 ? value : y,
      axis === 2 ? value : z,
    ];
    const first = replace(range.first, (range.first[axis] ?? 0) + edge(slice));
    return { first, count: replace(range.count, edge(slice + 1) - edge(slice)) };
  }).flatMap((slice) => cut(slice, parts / slices));
}

/** The uniform fields that a kernel for ranges has besides its own. */
const FIELDS = ['firstGroupX', 'firstGroupY', 'firstGroupZ', 'groupsX', 'groupsY', 'groupsZ'] as const;

const ranged = new WeakMap<KernelModule, KernelModule | null>();

/**
 * The kernel for ranges of workgroups: `group` and `groups`, as ours all call their place and the size of the grid, become the whole's.
 * Null for a kernel that is not written so.
 */
export function rangedKernel(kernel: KernelModule): KernelModule | null {
  let made = ranged.get(kernel);
  if (made === undefined) ranged.set(kernel, (made = makeRanged(kernel)));
  return made;
}

const SIGNATURE =
  /(@builtin\(workgroup_id\) ?)group(: ?vec3<u32>, *\n? *@builtin\(num_workgroups\) ?)groups(: ?vec3<u32>,[^{]*\{)/;

function makeRanged(kernel: KernelModule): KernelModule | null {
  const { params, source } = kernel;
  if (params === null || !SIGNATURE.test(source)) return null;
  // All fields are scalars: those that are added follow the last one.
  const end = 4 + Math.max(...Object.values(params.fields).map(({ offset }) => offset));
  const fields = FIELDS.map((name, index) => [name, { offset: end + 4 * index, type: 'u32' }] as const);
  const vector = (names: readonly string[]): string =>
    `vec3<u32>(${names.map((name) => `params.${name}`).join()})`;
  const [first, groups] = [vector(FIELDS.slice(0, 3)), vector(FIELDS.slice(3))];
  const places = ` let group = groupInRange + ${first}; let groups = ${groups};`;
  return {
    ...kernel,
    // On the lines that are there, so that the compiler's messages still name the file's.
    source: source
      .replace(/(struct Params ?\{[^}]*?),?(\s*\})/, `$1,${FIELDS.map((name) => `${name}: u32`).join()}$2`)
      .replace(SIGNATURE, `$1groupInRange$2groupsInRange$3${places}`),
    params: {
      ...params,
      size: end + 4 * FIELDS.length,
      fields: { ...params.fields, ...Object.fromEntries(fields) },
    },
  };
}

type Numbers = Readonly<Record<string, number>>;

/** One dispatch of a launch. */
export interface Dispatched {
  readonly kernel: KernelModule;
  readonly params: Numbers;
  readonly grid: Grid;
  readonly work: Work | null;
}

/** The dispatches of a launch: itself, or parts of its grid when its work is more than `mostWork`. */
export function partsOf(
  kernel: KernelModule,
  { params, work: ofLaunch }: { readonly params: Numbers; readonly work?: Work },
  grid: Grid,
  mostWork: number,
): Dispatched[] {
  const work = ofLaunch ?? null;
  const whole = [{ kernel, params, grid, work }];
  if (work === null) return whole;
  const count = Math.ceil((work.flops + BYTE_COST * work.bytes) / mostWork);
  const forRanges = count > 1 ? rangedKernel(kernel) : null;
  if (forRanges === null) return whole;
  const ranges = cut({ first: [0, 0, 0], count: grid }, count);
  return ranges.map((range) => ({
    kernel: forRanges,
    params: {
      ...params,
      ...Object.fromEntries(FIELDS.map((name, index) => [name, [...range.first, ...grid][index] ?? 0])),
    },
    grid: range.count,
    work: { bytes: work.bytes / ranges.length, flops: work.flops / ranges.length },
  }));
}
