import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadOptions } from '../../src/model/head.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { gradCamMaps } from '../../src/attribution/grad_cam.ts';
import { uniformSequence } from '../kernels/case_values.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const [IMAGES, HEIGHT, WIDTH, CHANNELS, CLASSES] = [2, 3, 4, 8, 5] as const;
const LOCATIONS = HEIGHT * WIDTH;
const CHOSEN = [1, 4];

type Parameter = (name: string) => Float32Array;

/**
 * Grad-CAM of the score S = sum_z h_z f_y(z), h = act(a) / sum act(a), in float64 from its formula: the gradient at location z is
 * h_z times the class weights plus act'(a_z) / (sum act) (f_y(z) - S) times the location weights; without the term -S where the
 * normaliser is held still.
 */
function reference(
  features: Float32Array,
  parameter: Parameter,
  y: number,
  { prior, detached }: { readonly prior: 'softplus' | 'relu'; readonly detached: boolean },
): number[] {
  const [classWeight, classBias] = [parameter('conv_last.weight'), parameter('conv_last.bias')];
  const [placeWeight, placeBias] = [parameter('attention.0.weight'), parameter('attention.0.bias')];
  const places = Array.from({ length: LOCATIONS }, (_, z) =>
    features.subarray(z * CHANNELS, (z + 1) * CHANNELS),
  );
  const dot = (f: Float32Array, weight: Float32Array, stride: number, column: number): number =>
    f.reduce((sum, value, d) => sum + value * (weight[d * stride + column] ?? 0), 0);
  const logits = places.map((f) => dot(f, classWeight, CLASSES, y) + (classBias[y] ?? 0));
  const locations = places.map((f) => dot(f, placeWeight, 1, 0) + (placeBias[0] ?? 0));
  const activate = (a: number): number => (prior === 'relu' ? Math.max(a, 0) : Math.log1p(Math.exp(a)));
  const slope = (a: number): number => (prior === 'relu' ? Number(a > 0) : 1 / (1 + Math.exp(-a)));
  const total = locations.reduce((sum, a) => sum + activate(a), 0);
  const score = logits.reduce((sum, f, z) => sum + (activate(locations[z] ?? 0) / total) * f, 0);
  const alpha = Array.from({ length: CHANNELS }, (_, d) =>
    logits.reduce((sum, f, z) => {
      const a = locations[z] ?? 0;
      const ofClass = (activate(a) / total) * (classWeight[d * CLASSES + y] ?? 0);
      const ofPlace = ((slope(a) * (f - (detached ? 0 : score))) / total) * (placeWeight[d] ?? 0);
      return sum + (ofClass + ofPlace) / LOCATIONS;
    }, 0),
  );
  return places.map((f) =>
    Math.max(
      f.reduce((sum, value, d) => sum + value * (alpha[d] ?? 0), 0),
      0,
    ),
  );
}

test.each([
  ['softplus', false, { kind: 'calm-em' }],
  ['softplus', true, { kind: 'calm-ml' }],
  ['relu', true, { kind: 'calm-em', official: true }],
] as const satisfies readonly (readonly ['softplus' | 'relu', boolean, HeadOptions])[])(
  'of a CALM head is that of the class logit expected under the prior: %s, normaliser held still %s',
  async (prior, detached, head) => {
    const model = createModel(engine, {
      architecture: 'resnet18',
      head,
      classes: CLASSES,
      layers: [1],
      widths: [CHANNELS],
      strides: [1],
      stem: { width: CHANNELS, kernel: 3, stride: 2, pool: false },
      seed: 3,
    });
    const random = uniformSequence(5);
    const values = Float32Array.from({ length: IMAGES * LOCATIONS * CHANNELS }, () => 2 * random());
    const features = engine.tensor(values, [IMAGES, HEIGHT, WIDTH, CHANNELS]);
    const read = new Map<string, Float32Array>();
    for (const name of ['conv_last.weight', 'conv_last.bias', 'attention.0.weight', 'attention.0.bias'])
      read.set(name, await engine.read(model.weights.parameter(name)));
    const parameter: Parameter = (name) => read.get(name) ?? new Float32Array();
    const tape = startTape(engine, { gradients: false });
    const options = { plus: false, detachNormalizer: detached };
    const maps = await engine.read(gradCamMaps(tape, model, features, CHOSEN, options));
    tape.end();
    const wanted = CHOSEN.flatMap((y, image) =>
      reference(
        values.subarray(image * LOCATIONS * CHANNELS, (image + 1) * LOCATIONS * CHANNELS),
        parameter,
        y,
        { prior, detached },
      ),
    );
    const largest = Math.max(...wanted);
    expect(largest).toBeGreaterThan(1e-3);
    // Sums of at most 12 times 8 terms of one size in single precision.
    for (const [z, value] of maps.entries())
      expect(Math.abs(value - (wanted[z] ?? Number.NaN))).toBeLessThan(1e-5 * largest);
    features.dispose();
    model.dispose();
  },
);
