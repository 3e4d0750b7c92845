import type { Engine } from '../../src/runtime/engine.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attributionTarget } from '../../src/attribution/target.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

const [SIDE, CLASSES] = [3, 4];
const LOCATIONS = SIDE * SIDE;

const logSoftplus = (a: number): number =>
  a < -30 ? a : Math.log(Math.log1p(Math.exp(-Math.abs(a))) + Math.max(a, 0));
/** Derivative of log softplus. */
const slope = (a: number): number => (a < -30 ? 1 : 1 / (1 + Math.exp(-a)) / Math.exp(logSoftplus(a)));

/** sum over z of p(z|x) f(z) of an image and its gradients, in float64. */
function wanted(a: readonly number[], f: readonly number[], detached: boolean) {
  const logs = a.map(logSoftplus);
  const largest = Math.max(...logs);
  const weights = logs.map((value) => Math.exp(value - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const prior = weights.map((weight) => weight / sum);
  const value = prior.reduce((total, p, z) => total + p * (f[z] ?? 0), 0);
  const byLocation = prior.map((p, z) => p * slope(a[z] ?? 0) * ((f[z] ?? 0) - (detached ? 0 : value)));
  return { value, byClass: prior, byLocation };
}

/** What the engine makes of images whose location logits are `a`, with class logits `f`, for a class of each. */
async function computed(
  a: readonly number[][],
  f: Float32Array<ArrayBuffer>,
  classes: readonly number[],
  detached: boolean,
) {
  const images = a.length;
  const requiresGradient = { requiresGradient: true };
  const classLogits = engine.tensor(f, [images, SIDE, SIDE, CLASSES], requiresGradient);
  const locationLogits = engine.tensor(
    Float32Array.from(a.flat()),
    [images, SIDE, SIDE, 1],
    requiresGradient,
  );
  const chosen = engine.tensor(Uint32Array.from(classes), [images]);
  const ones = engine.tensor(new Float32Array(images).fill(1), [images]);
  const tape = startTape(engine);
  try {
    const head = {
      kind: 'calm-em',
      prior: 'softplus',
      detachNormalizer: false,
      officialEpsilons: false,
    } as const;
    const options = { target: 'logit', detachNormalizer: detached } as const;
    const target = attributionTarget(tape, { classLogits, locationLogits }, chosen, head, options);
    tape.backward(target, ones);
    const gradientOf = async (tensor: Tensor): Promise<Float32Array> => {
      const gradient = tape.gradient(tensor);
      if (gradient === null) throw new RangeError('the target gave no gradient');
      return engine.read(gradient);
    };
    const [byClass, byLocation] = [await gradientOf(classLogits), await gradientOf(locationLogits)];
    return { values: await engine.read(target), byClass, byLocation };
  } finally {
    tape.end();
    for (const tensor of [classLogits, locationLogits, ones]) tensor.dispose();
    chosen.dispose();
  }
}

const all = (value: number): number[] => new Array<number>(LOCATIONS).fill(value);
const from = (start: number, step: number): number[] => all(0).map((_, z) => start + z * step);

const HOSTILE: readonly (readonly [string, number[]])[] = [
  ['ordinary', from(-3, 0.7)],
  ['-20, where the form changes', all(-20)],
  ['around -20', from(-22, 0.5)],
  ['-103, where softplus is subnormal', from(-103, 0.25)],
  ['-120, where it is 0', all(-120)],
  ['below', from(-1000, 0.25)],
  ['one far above the others', [...from(-5000, 1).slice(1), 30]],
  ['from one end to the other', from(-1000, 250)],
  ['large', from(3e37, 1e36)],
  ['the least numbers', [...from(-1e38, 1e36).slice(1), -3e38]],
];

test.each([false, true])(
  "the logit of a CALM head and its gradients are float64's for location logits of any size (detached: %s)",
  async (detached) => {
    const random = new RandomStream(7);
    const f = Float32Array.from(
      { length: HOSTILE.length * LOCATIONS * CLASSES },
      () => 8 * random.uniform() - 4,
    );
    const classes = HOSTILE.map((_, image) => image % CLASSES);
    const a = HOSTILE.map(([, logits]) => [...Float32Array.from(logits)]);
    const got = await computed(a, f, classes, detached);
    for (const [image, [name]] of HOSTILE.entries()) {
      const y = classes[image] ?? 0;
      const first = image * LOCATIONS;
      const scores = all(0).map((_, z) => f[(first + z) * CLASSES + y] ?? 0);
      const { value, byClass, byLocation } = wanted(a[image] ?? [], scores, detached);
      // Scores are below 4, the prior below 1. WGSL allows a logarithm near 90 three units in the last place, 2e-5 of the weight.
      const close = (actual: number | undefined, expected: number, what: string): void =>
        expect(Math.abs((actual ?? Number.NaN) - expected), `${name}: ${what}`).toBeLessThan(1e-4);
      close(got.values[image], value, 'value');
      for (let z = 0; z < LOCATIONS; z++) {
        close(got.byLocation[first + z], byLocation[z] ?? Number.NaN, `gradient by location logit ${z}`);
        for (let c = 0; c < CLASSES; c++)
          close(
            got.byClass[(first + z) * CLASSES + c],
            c === y ? (byClass[z] ?? Number.NaN) : 0,
            `gradient by class logit ${c} of ${z}`,
          );
      }
    }
  },
);
