/**
 * Weights and images that follow from a 32-bit integer hash, exactly in float32: how the golden data of full networks get along
 * without storing them. `key(seed, index)` starts a tensor; value i is base + amplitude * v(key + i), v uniform in [-1, 1).
 */
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { mix32 } from '../../src/runtime/random.ts';

/** A tensor of a manifest: random about `base`, or constant. */
export interface FormulaEntry {
  readonly index: number;
  readonly name: string;
  readonly shape: readonly number[];
  readonly base?: number;
  readonly amp?: number;
  readonly const?: number;
}

/** The part of a manifest that is read here. */
export interface Manifest {
  readonly config: {
    readonly arch: 'resnet50' | 'vgg16' | 'inception_v3';
    /** Not of ResNets. */
    readonly use_bn?: boolean;
    readonly lfm: boolean;
    readonly B: number;
    readonly H: number;
    readonly W: number;
    readonly C: number;
    readonly smooth?: boolean;
  };
  readonly seed: number;
  readonly labels: readonly number[];
  readonly stages: readonly string[];
  readonly entries: readonly FormulaEntry[];
  readonly grad_params_em: readonly string[];
  readonly grad_params_ml: readonly string[];
  readonly grad_params_cam: readonly string[];
  readonly checks: readonly { readonly name: string; readonly first4: readonly number[] }[];
  readonly image_check: { readonly first8: readonly number[]; readonly last4: readonly number[] };
}

const COARSE = 100_000;
const FINE = 100_001;

function values(
  seed: number,
  index: number,
  count: number,
  base: number,
  amplitude: number,
): Float32Array<ArrayBuffer> {
  const key = mix32((seed + Math.imul(0x9e3779b9, index + 1)) | 0);
  const result = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const unit = ((mix32((key + i) | 0) >>> 8) - 2 ** 23) / 2 ** 23;
    result[i] = base + Math.fround(amplitude * unit);
  }
  return result;
}

const countOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The state dict of a manifest. Throws when its own check values do not come out. */
export function formulaState({ seed, entries, checks }: Manifest): Map<string, SafetensorsTensor> {
  const state = new Map<string, SafetensorsTensor>();
  const expected = new Map(checks.map(({ name, first4 }) => [name, first4]));
  for (const { index, name, shape, base = 0, amp = 0, const: constant } of entries) {
    if (constant !== undefined) {
      state.set(name, encodeTensor(BigInt64Array.of(BigInt(constant)), shape));
      continue;
    }
    const tensor = values(seed, index, countOf(shape), base, amp);
    const wrong = (expected.get(name) ?? []).some((value, i) => value !== tensor[i]);
    if (wrong) throw new Error(`the formula gives other values for ${name} than the manifest`);
    state.set(name, encodeTensor(tensor, shape));
  }
  return state;
}

/** Images [B,3,H,W]: coarse squares plus fine noise. */
export function hashImages(
  seed: number,
  batch: number,
  height: number,
  width: number,
): Float32Array<ArrayBuffer> {
  const side = Math.floor(Math.max(height, width) / 8);
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
  const coarse = values(seed, COARSE, batch * 3 * rows * columns, 0, 1.5);
  const images = values(seed, FINE, batch * 3 * height * width, 0, 0.5);
  for (let plane = 0; plane < batch * 3; plane++) {
    for (let y = 0; y < height; y++) {
      const row = (plane * rows + Math.floor(y / side)) * columns;
      for (let x = 0; x < width; x++) {
        const place = (plane * height + y) * width + x;
        images[place] = (coarse[row + Math.floor(x / side)] ?? 0) + (images[place] ?? 0);
      }
    }
  }
  return images;
}

/** The images of a manifest, NCHW. Throws when its check values do not come out. */
export function formulaImages({ seed, config, image_check: check }: Manifest): Float32Array<ArrayBuffer> {
  const images = hashImages(seed, config.B, config.H, config.W);
  if (check.first8.some((value, i) => value !== images[i]))
    throw new Error('the formula gives other images than the manifest');
  return images;
}
