import type { SafetensorsFile, SafetensorsTensor } from '../../src/model/safetensors.ts';
import { toFloat32, toFloat64 } from '../../src/model/safetensors.ts';

/** One comparison with golden data: right when `error <= allowed`. */
export interface Check {
  readonly name: string;
  readonly error: number;
  readonly allowed: number;
}

/** Golden tensors of one file by name, in PyTorch's layouts. */
export class GoldenFile {
  readonly #file: SafetensorsFile;
  readonly #noise: ReadonlyMap<string, number>;

  /** `noise`: the reference's own rounding error by tensor, from its index.json. */
  constructor(file: SafetensorsFile, noise: ReadonlyMap<string, number>) {
    this.#file = file;
    this.#noise = noise;
  }

  get names(): string[] {
    return [...this.#file.tensors.keys()];
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  metadata(name: string): string {
    return this.#file.metadata.get(name) ?? '';
  }

  shape(name: string): readonly number[] {
    return this.#tensor(name).shape;
  }

  floats(name: string): Float32Array {
    return toFloat32(this.#tensor(name));
  }

  /** Values of any number type. */
  numbers(name: string): Float64Array {
    return toFloat64(this.#tensor(name));
  }

  labels(name: string): Uint32Array {
    return Uint32Array.from(this.numbers(name));
  }

  /** Largest difference of the float32 and the float64 run of the reference; 0 where it is not known. */
  noise(name: string): number {
    return this.#noise.get(name) ?? 0;
  }

  /** Tensors whose names begin so, without the beginning. */
  withPrefix(prefix: string): Map<string, SafetensorsTensor> {
    const found = new Map<string, SafetensorsTensor>();
    for (const [name, tensor] of this.#file.tensors)
      if (name.startsWith(prefix)) found.set(name.slice(prefix.length), tensor);
    return found;
  }

  /** The same file with every tensor replaced by what the function gives. */
  map(change: (name: string, tensor: SafetensorsTensor) => SafetensorsTensor): GoldenFile {
    const { metadata, tensors } = this.#file;
    const changed = new Map([...tensors].map(([name, tensor]) => [name, change(name, tensor)]));
    return new GoldenFile({ metadata, tensors: changed }, this.#noise);
  }

  #tensor(name: string): SafetensorsTensor {
    const tensor = this.#file.tensors.get(name);
    if (tensor === undefined) throw new Error(`the golden file has no tensor ${name}`);
    return tensor;
  }
}

/** Per tensor: the reference's rounding error, of one file of an index.json. */
export function noiseOf(index: unknown, file: string): Map<string, number> {
  const tensors = (index as Record<string, Record<string, { f32_noise?: number }> | undefined>)[file] ?? {};
  return new Map(Object.entries(tensors).map(([name, { f32_noise = 0 }]) => [name, f32_noise]));
}

type Numbers = ArrayLike<number>;

function sameLength(name: string, got: Numbers, wanted: Numbers): void {
  if (got.length !== wanted.length)
    throw new Error(`${name}: ${got.length} values, the golden tensor has ${wanted.length}`);
}

/** Largest absolute value. */
export function largest(values: Numbers): number {
  let result = 0;
  for (let i = 0; i < values.length; i++) result = Math.max(result, Math.abs(values[i] ?? 0));
  return result;
}

/** Largest absolute difference; Infinity where one is NaN. */
export function largestDifference(got: Numbers, wanted: Numbers): number {
  let result = 0;
  for (let i = 0; i < wanted.length; i++) {
    const error = Math.abs((got[i] ?? Number.NaN) - (wanted[i] ?? Number.NaN));
    if (Number.isNaN(error)) return Infinity;
    result = Math.max(result, error);
  }
  return result;
}

/** Largest difference against `relative * max|wanted| + 20 * noise + absolute`: the reference's advice for activations. */
export function checkLargest(
  name: string,
  got: Numbers,
  wanted: Numbers,
  { relative, noise = 0, absolute = 0 }: { relative: number; noise?: number; absolute?: number },
): Check {
  sameLength(name, got, wanted);
  const allowed = relative * largest(wanted) + 20 * noise + absolute;
  return { name, error: largestDifference(got, wanted), allowed };
}

/** L2 norm of the difference over that of the golden values; right too when the largest difference is below `absolute`. */
export function checkRelativeL2(
  name: string,
  got: Numbers,
  wanted: Numbers,
  { relative, absolute }: { relative: number; absolute: number },
): Check {
  sameLength(name, got, wanted);
  const difference = largestDifference(got, wanted);
  if (difference <= absolute) return { name: `${name} (absolute)`, error: difference, allowed: absolute };
  let squares = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    squares += ((got[i] ?? Number.NaN) - (wanted[i] ?? Number.NaN)) ** 2;
    norm += (wanted[i] ?? 0) ** 2;
  }
  const error = Math.sqrt(squares / norm);
  return { name, error: Number.isNaN(error) ? Infinity : error, allowed: relative };
}

/** [N,H,W,C] to PyTorch's [N,C,H,W]. */
export function toNchw(values: Float32Array, shape: readonly number[]): Float32Array {
  const [batch = 1, height = 1, width = 1, channels = 1] = shape;
  const pixels = height * width;
  const result = new Float32Array(values.length);
  let from = 0;
  for (let n = 0; n < batch; n++)
    for (let pixel = 0; pixel < pixels; pixel++)
      for (let c = 0; c < channels; c++) result[(n * channels + c) * pixels + pixel] = values[from++] ?? 0;
  return result;
}

/** PyTorch's [N,C,H,W] to [N,H,W,C]. */
export function toNhwc(values: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> {
  const [batch = 1, channels = 1, height = 1, width = 1] = shape;
  const pixels = height * width;
  const result = new Float32Array(values.length);
  let from = 0;
  for (let n = 0; n < batch; n++)
    for (let c = 0; c < channels; c++)
      for (let pixel = 0; pixel < pixels; pixel++)
        result[(n * pixels + pixel) * channels + c] = values[from++] ?? 0;
  return result;
}

/** The shape [N,C,H,W] as [N,H,W,C]. */
export function nhwcShape(shape: readonly number[]): [number, number, number, number] {
  const [batch = 1, channels = 1, height = 1, width = 1] = shape;
  return [batch, height, width, channels];
}
