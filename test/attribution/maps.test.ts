import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { caseValues } from '../kernels/case_values.ts';
import { counterfactualMap, explainCalm, explainCam, mapSum } from '../../src/attribution/maps.ts';
import type { CalmExplanation, ExplanationRequest } from '../../src/attribution/maps.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { startTape } from '../../src/kernels/tape.ts';

const [IMAGES, HEIGHT, WIDTH, CLASSES] = [3, 5, 7, 11];
const LOCATIONS = HEIGHT * WIDTH;

const random = (shape: readonly number[], name: string): Float32Array<ArrayBuffer> =>
  Float32Array.from(caseValues({ shape, values: { kind: 'normal', scale: 2 } }, name));
const classValues = random([IMAGES, HEIGHT, WIDTH, CLASSES], 'attribution class logits');
const locationValues = random([IMAGES, HEIGHT, WIDTH, 1], 'attribution location logits');

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

async function explain(
  f: Float32Array,
  a: Float32Array,
  request: ExplanationRequest,
): Promise<CalmExplanation[]> {
  const tape = startTape(engine, { gradients: false });
  const classLogits = engine.tensor(f, [IMAGES, HEIGHT, WIDTH, CLASSES]);
  const locationLogits = engine.tensor(a, [IMAGES, HEIGHT, WIDTH, 1]);
  try {
    return await explainCalm(tape, { classLogits, locationLogits }, request);
  } finally {
    tape.end();
    classLogits.dispose();
    locationLogits.dispose();
  }
}

const everyClass = { all: Array.from({ length: CLASSES }, (_, c) => c) };

// Sums of 35 products of f32 exponentials: a few units of 2^-24 each, relative to probabilities of at most 1.
const SUM_DIGITS = 5;

describe('the properties of section 4.2', () => {
  test('completeness: joint maps sum to p(y|x), and those to 1', async () => {
    for (const image of await explain(classValues, locationValues, { classes: everyClass })) {
      expect(image.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, SUM_DIGITS);
      expect(mapSum(image.saliency)).toBeCloseTo(1, SUM_DIGITS);
      for (const [index, { joint, posterior, probability }] of image.classes.entries()) {
        expect(mapSum(joint)).toBeCloseTo(image.probabilities[index] ?? Number.NaN, SUM_DIGITS);
        expect(mapSum(joint)).toBeCloseTo(probability, SUM_DIGITS);
        expect(mapSum(posterior)).toBeCloseTo(1, SUM_DIGITS);
      }
    }
  });

  test('implementation invariance: a constant added to f changes nothing', async () => {
    const shifted = classValues.map((value) => value + 3);
    const [before, after] = [
      await explain(classValues, locationValues, { classes: everyClass }),
      await explain(shifted, locationValues, { classes: everyClass }),
    ];
    for (const [image, explanation] of before.entries()) {
      for (const [index, { joint }] of explanation.classes.entries()) {
        const other = after[image]?.classes[index]?.joint.data ?? new Float32Array();
        joint.data.forEach((value, z) => expect(other[z]).toBeCloseTo(value, SUM_DIGITS));
      }
    }
  });

  test('sensitivity: evidence taken away at one location shows at that location', async () => {
    const place = 17;
    const changed = classValues.slice();
    changed[place * CLASSES + 4] = (changed[place * CLASSES + 4] ?? 0) - 6;
    const [before] = await explain(classValues, locationValues, { classes: { all: [4] } });
    const [after] = await explain(changed, locationValues, { classes: { all: [4] } });
    const difference = before?.classes[0]?.joint.data.map(
      (value, z) => value - (after?.classes[0]?.joint.data[z] ?? 0),
    );
    // Six nats less: e^-6 is left of the odds.
    expect(difference?.[place]).toBeGreaterThan(0.5 * (before?.classes[0]?.joint.data[place] ?? Number.NaN));
    expect(difference?.filter((value, z) => z !== place && value !== 0)).toHaveLength(0);
  });
});

test('the maps are the definitions of section 4.1', async () => {
  const [, second] = await explain(classValues, locationValues, { classes: [[0], [7], [0]] });
  const image = 1;
  const softplus = Array.from(locationValues.slice(image * LOCATIONS, (image + 1) * LOCATIONS), (a) =>
    Math.log1p(Math.exp(a)),
  );
  const normaliser = softplus.reduce((sum, value) => sum + value, 0);
  softplus.forEach((value, z) => {
    const start = (image * LOCATIONS + z) * CLASSES;
    const exponentials = Array.from(classValues.slice(start, start + CLASSES), Math.exp);
    const conditional = (exponentials[7] ?? 0) / exponentials.reduce((sum, e) => sum + e, 0);
    const maps = second?.classes[0];
    expect(second?.saliency.data[z]).toBeCloseTo(value / normaliser, SUM_DIGITS);
    expect(maps?.conditional.data[z]).toBeCloseTo(conditional, SUM_DIGITS);
    expect(maps?.joint.data[z]).toBeCloseTo((conditional * value) / normaliser, SUM_DIGITS);
  });
});

test('a subset sums its classes, and a counterfactual is a difference', async () => {
  const [first] = await explain(classValues, locationValues, {
    classes: { all: [1, 4, 9] },
    subset: [1, 4, 9],
  });
  const [a, b, c] = first?.classes ?? [];
  if (a === undefined || b === undefined || c === undefined) throw new Error('three classes were asked for');
  const subset = first?.subset;
  expect(subset?.probability).toBeCloseTo(a.probability + b.probability + c.probability, SUM_DIGITS);
  subset?.joint.data.forEach((value, z) =>
    expect(value).toBeCloseTo(
      (a.joint.data[z] ?? 0) + (b.joint.data[z] ?? 0) + (c.joint.data[z] ?? 0),
      SUM_DIGITS,
    ),
  );
  expect(mapSum(counterfactualMap(a, b))).toBeCloseTo(a.probability - b.probability, SUM_DIGITS);
});

test('CAM gives the class logits of every location', async () => {
  const tape = startTape(engine, { gradients: false });
  const classLogits = engine.tensor(classValues, [IMAGES, HEIGHT, WIDTH, CLASSES]);
  const [, second] = await explainCam(tape, { classLogits }, { classes: { all: [2] } });
  tape.end();
  classLogits.dispose();
  const wanted = Float32Array.from(
    { length: LOCATIONS },
    (_, z) => classValues[(LOCATIONS + z) * CLASSES + 2] ?? 0,
  );
  expect(second?.classes[0]?.data).toEqual(wanted);
  expect(second?.probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, SUM_DIGITS);
});

test('classes out of range and lists that do not fit are refused', async () => {
  await expect(explain(classValues, locationValues, { classes: { all: [11] } })).rejects.toThrow(
    /class is 11/,
  );
  await expect(explain(classValues, locationValues, { classes: [[0]] })).rejects.toThrow(
    /number of class lists is 1/,
  );
  await expect(explain(classValues, locationValues, { classes: [[0], [0, 1], [0]] })).rejects.toThrow(
    /2 long/,
  );
});
