/** The official head on small inputs (fixtures/head), and the 1x1 convolutions around it as float64 loops. */
import { expect } from 'vitest';
import { parseSafetensors, toFloat64, toInt32 } from '../../src/model/safetensors.ts';
import { readFixture } from '../fixture.ts';

const file = parseSafetensors(await readFixture('head/head.safetensors.gz'));
const noise = JSON.parse(file.metadata.get('noise') ?? '{}') as Record<string, number>;

/** A golden tensor: NCHW as PyTorch has it. */
export interface Golden {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** The golden tensor of that name; throws when there is none. */
export function golden(name: string): Golden {
  const tensor = file.tensors.get(name);
  if (tensor === undefined) throw new RangeError(`the fixture has no ${name}`);
  const values = tensor.dtype === 'I32' ? Float64Array.from(toInt32(tensor)) : toFloat64(tensor);
  return { name, shape: tensor.shape, values };
}

/** Names that begin so. */
export function goldenNames(prefix: string): string[] {
  return [...file.tensors.keys()].filter((name) => name.startsWith(prefix));
}

/** Element of an array that must be there. */
export function element(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`no element ${index}`);
  return value;
}

/**
 * Holds values to a golden tensor by the reference README's advice: 1e-5 of its largest value plus 20 times the rounding error
 * that the official float32 code itself has. Where that is unknown (the edge cases), the 1e-5 are doubled: both sides round.
 * NaN must meet NaN and infinity infinity.
 */
export function expectGolden(got: ArrayLike<number>, wanted: Golden, absolute = 0): void {
  expect(got.length, wanted.name).toBe(wanted.values.length);
  let largest = 0;
  for (const value of wanted.values) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const known = noise[wanted.name];
  const allowed = (known === undefined ? 2e-5 * largest : 1e-5 * largest + 20 * known) + absolute;
  for (const [i, value] of wanted.values.entries()) {
    const have = element(got, i);
    if (Object.is(have, value) || have === value) continue;
    if (!(Math.abs(have - value) <= allowed))
      expect.fail(`${wanted.name}[${i}] is ${have}, wanted ${value}, allowed error ${allowed}`);
  }
}

/** What a case feeds into the head. */
export interface HeadCase {
  readonly batch: number;
  readonly channels: number;
  readonly places: number;
  readonly height: number;
  readonly width: number;
  readonly classes: number;
  /** [N,D,H,W] */
  readonly features: Float64Array;
  /** [C,D], [C], [D], [1] */
  readonly classWeight: Float64Array;
  readonly locationWeight: Float64Array;
  /** Logits in our layout, [N,H,W,C] and [N,H,W,1], rounded as a convolution rounds them. */
  readonly classLogits: Float32Array<ArrayBuffer>;
  readonly locationLogits: Float32Array<ArrayBuffer>;
  readonly labels: Uint32Array<ArrayBuffer>;
}

/** Applies the case's two 1x1 convolutions in float64. */
export function headCase(prefix: string): HeadCase {
  const { shape, values: features } = golden(`${prefix}.f_former`);
  const [batch = 0, channels = 0, height = 0, width = 0] = shape;
  const places = height * width;
  const classWeight = golden(`${prefix}.conv_last.weight`).values;
  const classBias = golden(`${prefix}.conv_last.bias`).values;
  const locationWeight = golden(`${prefix}.attention.0.weight`).values;
  const locationBias = golden(`${prefix}.attention.0.bias`).values;
  const classes = classBias.length;
  const classLogits = new Float32Array(batch * places * classes);
  const locationLogits = new Float32Array(batch * places);
  const project = (n: number, z: number, weight: Float64Array, row: number): number => {
    let sum = 0;
    for (let d = 0; d < channels; d++)
      sum += element(features, (n * channels + d) * places + z) * element(weight, row * channels + d);
    return sum;
  };
  for (let n = 0; n < batch; n++) {
    for (let z = 0; z < places; z++) {
      const m = n * places + z;
      locationLogits[m] = project(n, z, locationWeight, 0) + element(locationBias, 0);
      for (let c = 0; c < classes; c++)
        classLogits[m * classes + c] = project(n, z, classWeight, c) + element(classBias, c);
    }
  }
  const labels = Uint32Array.from(golden(`${prefix}.labels`).values);
  return {
    batch,
    channels,
    places,
    height,
    width,
    classes,
    features,
    classWeight,
    locationWeight,
    classLogits,
    locationLogits,
    labels,
  };
}

/** Gradients of the two convolutions, by the official names, from those of their outputs (our layout). */
export function convolutionGradients(
  c: HeadCase,
  classGradient: ArrayLike<number>,
  locationGradient: ArrayLike<number>,
): Record<string, Float64Array> {
  const { batch, channels, places, classes } = c;
  const gradients = {
    f_former: new Float64Array(c.features.length),
    'conv_last.weight': new Float64Array(classes * channels),
    'conv_last.bias': new Float64Array(classes),
    'attention.0.weight': new Float64Array(channels),
    'attention.0.bias': new Float64Array(1),
  };
  const add = (target: Float64Array, index: number, value: number): void => {
    target[index] = element(target, index) + value;
  };
  for (let m = 0; m < batch * places; m++) {
    const n = Math.floor(m / places);
    const da = element(locationGradient, m);
    add(gradients['attention.0.bias'], 0, da);
    for (let k = 0; k < classes; k++)
      add(gradients['conv_last.bias'], k, element(classGradient, m * classes + k));
    for (let d = 0; d < channels; d++) {
      const place = (n * channels + d) * places + (m % places);
      const feature = element(c.features, place);
      add(gradients['attention.0.weight'], d, da * feature);
      add(gradients.f_former, place, da * element(c.locationWeight, d));
      for (let k = 0; k < classes; k++) {
        const df = element(classGradient, m * classes + k);
        add(gradients['conv_last.weight'], k * channels + d, df * feature);
        add(gradients.f_former, place, df * element(c.classWeight, k * channels + d));
      }
    }
  }
  return gradients;
}
