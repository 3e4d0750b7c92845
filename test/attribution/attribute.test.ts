import type { Attribution, AttributionRequest } from '../../src/attribution/attribute.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { MethodName } from '../../src/attribution/methods.ts';
import type { ScoreMap } from '../../src/eval/score_map.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attribute } from '../../src/attribution/attribute.ts';
import { attributionFixture, evalImages, init, model } from './tiny_model.ts';
import { checkAttribution } from '../../tools/golden/attribution.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { inputGradients } from '../../src/attribution/input_gradient.ts';
import { mapSum } from '../../src/attribution/maps.ts';
import { METHODS, methodsOf } from '../../src/attribution/methods.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
let images: Tensor;
beforeAll(async () => {
  engine = await createEngine();
  images = evalImages(engine);
});
afterAll(() => {
  images.dispose();
  engine.destroy();
});

async function run(head: HeadKind, request: AttributionRequest, batch = images): Promise<Attribution> {
  const made = model(engine, head);
  try {
    return await attribute(made, batch, request);
  } finally {
    made.dispose();
  }
}

const firstMap = ({ maps }: Attribution, name: MethodName, image = 0): ScoreMap => {
  const map = maps.get(name)?.[image]?.[0];
  if (map === undefined) throw new Error(`no ${name} map`);
  return map;
};

const largest = ({ data }: ScoreMap): number =>
  data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function expectClose(got: ScoreMap, wanted: ScoreMap, relative: number): void {
  const allowed = relative * largest(wanted);
  expect(got.data.length).toBe(wanted.data.length);
  got.data.forEach((value, i) =>
    expect(Math.abs(value - (wanted.data[i] ?? Number.NaN))).toBeLessThanOrEqual(allowed),
  );
}

/** A black image, normalised by ImageNet's statistics. */
function blackPixels(): Float32Array<ArrayBuffer> {
  const [mean, std] = [
    [0.485, 0.456, 0.406],
    [0.229, 0.224, 0.225],
  ];
  return Float32Array.from({ length: 64 * 64 * 3 }, (_, i) => -(mean[i % 3] ?? 0) / (std[i % 3] ?? 1));
}

describe('maps and gradients of the released code', () => {
  test.each(['cam', 'em'])('%s', async (set) => {
    const checks = await checkAttribution(engine, init, attributionFixture(), set);
    expect(checks.length).toBeGreaterThanOrEqual(10);
    expect(checks.filter(({ error, allowed }) => !(error <= allowed))).toEqual([]);
  });
});

describe('every method', () => {
  const all = {
    classes: { all: [1, 4] },
    versus: { all: [0, 0] },
    subset: { all: [1, 2] },
    options: { steps: 2, samples: 2 },
  };

  test.each(['cam', 'calm-em', 'calm-ml'] as const)(
    'of a %s head gives finite maps of its size',
    async (head) => {
      const before = engine.memory().usedBytes;
      const { maps, probabilities } = await run(head, {
        ...all,
        methods: methodsOf(head).map(({ name }) => name),
      });
      expect(engine.memory().usedBytes).toBe(before);
      expect(probabilities.map((p) => p.length)).toEqual([5, 5, 5]);
      for (const { name, perClass, resolution, signed } of methodsOf(head)) {
        const side = resolution === 'image' ? 64 : 8;
        const ofMethod = maps.get(name) ?? [];
        expect(ofMethod.map((ofImage) => ofImage.length)).toEqual(new Array(3).fill(perClass ? 2 : 1));
        for (const { height, width, data } of ofMethod.flat()) {
          expect([height, width, data.length]).toEqual([side, side, side * side]);
          expect(data.every(Number.isFinite)).toBe(true);
          expect(data.some((value) => value !== 0)).toBe(true);
          // A variance by E[v^2] - E[v]^2 may be some rounding below zero.
          if (!signed) expect(Math.min(...data)).toBeGreaterThanOrEqual(-1e-6 * Math.max(...data));
        }
      }
    },
  );

  test('is described', () => {
    expect(new Set(METHODS.map(({ summary }) => summary)).size).toBeGreaterThan(20);
    for (const { name, summary } of METHODS) expect(summary.length, name).toBeGreaterThan(20);
  });
});

describe('integrated gradients', () => {
  test.each([
    ['cam', 'logit'],
    ['cam', 'probability'],
    ['calm-em', 'logit'],
    ['calm-em', 'log-probability'],
    ['calm-em', 'probability'],
  ] as const)('are complete: of a %s head they add up to the %s less that of black', async (head, target) => {
    const black = engine.tensor(blackPixels(), [1, 64, 64, 3]);
    const request = {
      classes: { all: [2] },
      methods: ['integrated-gradients'],
      options: { target, steps: 64 },
    } as const;
    const attributed = await run(head, request);
    const valueOf = async (batch: Tensor): Promise<number[]> => {
      const methods: readonly MethodName[] = head === 'cam' ? ['cam'] : ['cam', 'saliency'];
      const explained = await run(head, { classes: { all: [2] }, methods }, batch);
      return explained.probabilities.map((p, image) => {
        if (target === 'logit') {
          // The expectation of the class logit under the prior, which is 1 of 64 locations for a CAM.
          const prior = head === 'cam' ? null : firstMap(explained, 'saliency', image).data;
          return firstMap(explained, 'cam', image).data.reduce(
            (sum, logit, z) => sum + logit * (prior?.[z] ?? 1 / 64),
            0,
          );
        }
        return target === 'probability' ? (p[2] ?? 0) : Math.log(p[2] ?? 0);
      });
    };
    const [baseline = 0] = await valueOf(black);
    for (const [image, value] of (await valueOf(images)).entries()) {
      const sum = mapSum(firstMap(attributed, 'integrated-gradients', image));
      // What is left is the error of a sum of 64 gradients that jump at every ReLU: 0.5 % of the map's mass was the most seen.
      const mass = firstMap(attributed, 'integrated-gradients', image).data.reduce(
        (m, v) => m + Math.abs(v),
        0,
      );
      expect(Math.abs(sum - (value - baseline))).toBeLessThan(0.01 * mass);
      expect(Math.abs(value - baseline)).toBeGreaterThan(0);
    }
    black.dispose();
  });
});

test('integrated gradients come closer to completeness the more steps they take', async () => {
  const black = engine.tensor(blackPixels(), [1, 64, 64, 3]);
  const made = model(engine, 'cam');
  const logitOf = async (batch: Tensor): Promise<number> => {
    const attributed = await attribute(made, batch, { methods: ['cam'], classes: { all: [2] } });
    return mapSum(firstMap(attributed, 'cam')) / 64;
  };
  const wanted = (await logitOf(images)) - (await logitOf(black));
  const errorAt = async (steps: number): Promise<number> => {
    const request = { methods: ['integrated-gradients'], classes: { all: [2] }, options: { steps } } as const;
    return Math.abs(
      mapSum(firstMap(await attribute(made, images, request), 'integrated-gradients')) / wanted - 1,
    );
  };
  // Seen: 43 % and 0.4 %.
  expect(await errorAt(8)).toBeGreaterThan(0.1);
  expect(await errorAt(512)).toBeLessThan(0.02);
  made.dispose();
  black.dispose();
});

describe('Grad-CAM', () => {
  test("of a CAM head's logit is the positive part of CAM without its bias, over the number of locations", async () => {
    const made = model(engine, 'cam');
    const bias = (await engine.read(made.parameters.get('conv_last.bias')))[1] ?? 0;
    const attributed = await attribute(made, images, { methods: ['cam', 'grad-cam'], classes: { all: [1] } });
    const cam = firstMap(attributed, 'cam');
    const wanted = { ...cam, data: cam.data.map((value) => Math.max(value - bias, 0) / 64) };
    expect(largest(wanted)).toBeGreaterThan(0.001);
    // Two sums of 256 products in another order.
    expectClose(firstMap(attributed, 'grad-cam'), wanted, 1e-5);
    made.dispose();
  });

  test('of log p(y|x) differs from that of p(y|x) by the factor p(y|x)', async () => {
    const request = { methods: ['grad-cam'], classes: { all: [1] } } as const;
    const logarithm = await run('calm-em', { ...request, options: { target: 'log-probability' } });
    const probability = await run('calm-em', { ...request, options: { target: 'probability' } });
    const p = logarithm.probabilities[0]?.[1] ?? 0;
    const map = firstMap(logarithm, 'grad-cam');
    expect(largest(map)).toBeGreaterThan(0);
    expectClose(firstMap(probability, 'grad-cam'), { ...map, data: map.data.map((v) => p * v) }, 1e-5);
  });
});

describe('gradients', () => {
  test('compute no gradient of a weight', async () => {
    const made = model(engine, 'calm-em');
    const launched = async (work: () => Promise<void>): Promise<string> => String(await engine.profile(work));
    const weightGradients = /correlate|[cC]olumnSums|[gG]radientSums|[wW]eightGradient/;
    const request = { methods: ['gradient'], classes: { all: [1] } } as const;
    expect(await launched(async () => void (await attribute(made, images, request)))).not.toMatch(
      weightGradients,
    );
    expect((await engine.read(made.parameters.gradients)).every((value) => value === 0)).toBe(true);
    // The control: with the weights themselves they would be there.
    const tape = startTape(engine);
    const classes = tape.empty([3], 'u32');
    engine.write(classes, Uint32Array.of(1, 1, 1));
    const { weights } = made;
    expect(
      await launched(
        async () => void [...inputGradients(tape, made, { images, classes: [classes], weights }, {})],
      ),
    ).toMatch(weightGradients);
    tape.end();
    made.dispose();
  });

  test('of several classes are those of each alone, to the bit, from one forward pass', async () => {
    const methods = ['gradient', 'smooth-grad', 'var-grad:official', 'integrated-gradients'] as const;
    const options = { samples: 3, steps: 3 };
    for (const recompute of [false, true]) {
      const made = createModel(engine, {
        ...{ architecture: 'resnet18', layers: [1, 1], widths: [16, 32] },
        ...{ head: 'calm-em', classes: 5, recompute, seed: 3 },
      });
      const request = (classes: readonly number[]): Promise<Attribution> =>
        attribute(made, images, { methods, classes: { all: classes }, options });
      const together = await request([3, 0, 3]);
      const alone = [await request([3]), await request([0])];
      for (const name of methods) {
        const rows = together.maps.get(name) ?? [];
        expect(rows).toHaveLength(3);
        for (const [image, maps] of rows.entries()) {
          const [three, zero] = alone.map((one) => firstMap(one, name, image));
          expect(maps).toEqual([three, zero, three]);
          expect(three).not.toEqual(zero);
        }
      }
      const forwards = async (classes: readonly number[]): Promise<number> => {
        const profile = String(await engine.profile(async () => void (await request(classes))));
        return Number(/max_pool\/forward\S* +(\d+)/.exec(profile)?.[1] ?? Number.NaN);
      };
      expect(await forwards([3, 0, 3])).toBe(await forwards([3]));
      made.dispose();
    }
  });

  test('are the same however samples are dealt to launches', async () => {
    const request = { methods: ['smooth-grad', 'integrated-gradients'], classes: { all: [1] } } as const;
    const one = await run('cam', { ...request, options: { samples: 5, steps: 5, memoryBytes: 1 } });
    const many = await run('cam', { ...request, options: { samples: 5, steps: 5 } });
    // Sums of five in another order.
    for (const name of request.methods) expectClose(firstMap(many, name), firstMap(one, name), 1e-5);
  });

  test('of an image do not depend on its batch, nor its noise', async () => {
    const request = {
      methods: ['smooth-grad'],
      classes: { all: [1] },
      options: { samples: 3, seed: 7 },
    } as const;
    const together = await run('cam', request);
    const values = (await engine.read(images)).slice(64 * 64 * 3, 2 * 64 * 64 * 3);
    const second = engine.tensor(values, [1, 64, 64, 3]);
    const alone = await run('cam', request, second);
    expectClose(firstMap(alone, 'smooth-grad'), firstMap(together, 'smooth-grad', 1), 1e-5);
    const other = await run('cam', { ...request, options: { samples: 3, seed: 8 } }, second);
    expect(other.maps).not.toEqual(alone.maps);
    second.dispose();
  });

  test('under no noise: SmoothGrad is the gradient, its square the squared gradient, the variance nothing', async () => {
    const methods = ['gradient', 'smooth-grad', 'smooth-grad-squared', 'var-grad'] as const;
    const quiet = await run('cam', {
      methods,
      classes: { all: [1] },
      options: { noiseLevel: 0, samples: 3 },
    });
    const gradient = firstMap(quiet, 'gradient');
    // Batches of another size may go through kernels that add in another order.
    expectClose(firstMap(quiet, 'smooth-grad'), gradient, 1e-5);
    expectClose(
      firstMap(quiet, 'smooth-grad-squared'),
      { ...gradient, data: gradient.data.map((v) => v * v) },
      1e-5,
    );
    expect(largest(firstMap(quiet, 'var-grad'))).toBeLessThan(1e-6 * largest(gradient) ** 2);
  });

  test('times the image are signed, and smoothing keeps their sum', async () => {
    const request = { methods: ['input-x-gradient'], classes: { all: [1] } } as const;
    const plain = firstMap(await run('cam', request), 'input-x-gradient');
    const smooth = firstMap(await run('cam', { ...request, smoothing: 7 }), 'input-x-gradient');
    expect(plain.data.some((value) => value < 0)).toBe(true);
    expect(largest(smooth)).toBeLessThan(largest(plain));
    // Reflection repeats some border pixels for others.
    expect(Math.abs(mapSum(smooth) - mapSum(plain))).toBeLessThan(
      0.05 * plain.data.reduce((m, v) => m + Math.abs(v), 0),
    );
  });
});

test('classes may follow from the probabilities, and the counterfactual is the difference of joint maps', async () => {
  const best = (p: Float32Array): number => p.indexOf(Math.max(...p));
  const attributed = await run('calm-em', {
    methods: ['joint', 'counterfactual'],
    classes: (p) => [best(p)],
    versus: (p) => [(best(p) + 1) % 5],
  });
  for (const [image, p] of attributed.probabilities.entries()) {
    expect(attributed.classes[image]).toEqual([best(p)]);
    expect(mapSum(firstMap(attributed, 'joint', image))).toBeCloseTo(Math.max(...p), 5);
    const difference = (p[best(p)] ?? 0) - (p[(best(p) + 1) % 5] ?? 0);
    expect(mapSum(firstMap(attributed, 'counterfactual', image))).toBeCloseTo(difference, 5);
  }
});

test('misuse says what to do', async () => {
  const classes = { all: [0] };
  const wrong = (head: HeadKind, request: AttributionRequest): Promise<Attribution> => run(head, request);
  await expect(wrong('cam', { methods: ['joint'], classes })).rejects.toThrow(
    /joint, wanted for a cam head one of .*cam/,
  );
  await expect(wrong('calm-em', { methods: ['subset'], classes })).rejects.toThrow(/subset is missing/);
  await expect(wrong('calm-em', { methods: ['counterfactual'], classes })).rejects.toThrow(
    /versus is missing/,
  );
  await expect(wrong('cam', { methods: ['cam'], classes: { all: [5] } })).rejects.toThrow(
    /class of classes is 5/,
  );
  await expect(wrong('cam', { methods: ['cam'], classes: [[1]] })).rejects.toThrow(
    /number of lists in classes is 1/,
  );
  await expect(wrong('cam', { methods: ['cam-subset'], classes, subset: { all: [1, 1] } })).rejects.toThrow(
    /distinct/,
  );
  await expect(
    wrong('cam', { methods: ['gradient'], classes, options: { target: 'em-objective' } }),
  ).rejects.toThrow(/target is em-objective/);
  await expect(wrong('cam', { methods: ['smooth-grad'], classes, options: { samples: 0 } })).rejects.toThrow(
    /samples is 0/,
  );
  await expect(wrong('cam', { methods: ['heat' as MethodName], classes })).rejects.toThrow(
    /attribution method is heat/,
  );
});
