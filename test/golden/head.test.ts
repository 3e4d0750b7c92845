import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadCase } from './head_golden.ts';
import type { JointHeadOptions } from '../../src/kernels/joint_head/joint_head.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convolutionGradients, element, expectGolden, golden, goldenNames, headCase } from './head_golden.ts';
import type { JointHeadReferenceOptions } from '../../src/kernels/joint_head/reference.ts';
import { array64 } from '../../src/kernels/reference.ts';
import { crossEntropy } from '../../src/kernels/cross_entropy/cross_entropy.ts';
import { globalAveragePool } from '../../src/kernels/global_average_pool/global_average_pool.ts';
import { logSoftmax, softmax } from '../../src/kernels/softmax/softmax.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { jointHead } from '../../src/kernels/joint_head/joint_head.ts';
import { jointMaps } from '../../src/kernels/joint_head/joint_maps.ts';
import { jointHeadReference, jointHeadReferenceGradient } from '../../src/kernels/joint_head/reference.ts';
import { startTape } from '../../src/kernels/tape.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

type GoldenOptions = Omit<JointHeadOptions, 'posterior'>;

/** `relu_detach`, as the golden names have it. */
function variantOptions(variant: string): Omit<GoldenOptions, 'objective'> {
  return {
    prior: variant.startsWith('relu') ? 'relu' : 'softplus',
    detachNormalizer: variant.endsWith('detach'),
    officialEpsilons: true,
  };
}

/** Mean loss, losses, label probabilities and the convolutions' gradients of the mean loss. */
async function runHead(c: HeadCase, labels: Uint32Array<ArrayBuffer>, options: GoldenOptions) {
  const { batch, height, width, classes } = c;
  const f = engine.tensor(c.classLogits, [batch, height, width, classes], { requiresGradient: true });
  const a = engine.tensor(c.locationLogits, [batch, height, width, 1], { requiresGradient: true });
  const y = engine.tensor(labels, [batch]);
  const seed = engine.tensor(new Float32Array(batch).fill(1 / batch), [batch]);
  const tape = startTape(engine);
  try {
    const { loss, probability } = jointHead(tape, f, a, y, options);
    tape.backward(loss, seed);
    const [df, da] = [tape.gradient(f), tape.gradient(a)];
    if (df === null || da === null) throw new RangeError('the head gave no gradient');
    const losses = await engine.read(loss);
    return {
      losses,
      loss: losses.reduce((sum, value) => sum + value, 0) / batch,
      probabilities: await engine.read(probability),
      gradients: convolutionGradients(c, await engine.read(df), await engine.read(da)),
    };
  } finally {
    tape.end();
    for (const tensor of [f, a, seed]) tensor.dispose();
    y.dispose();
  }
}

/** The same in float64. */
function exactHead(c: HeadCase, options: JointHeadReferenceOptions) {
  const { batch, height, width, classes, labels } = c;
  const f = array64([batch, height, width, classes], c.classLogits);
  const a = array64([batch, height, width, 1], c.locationLogits);
  const y = array64([batch], labels);
  const losses = jointHeadReference(f, a, y, options).data;
  const seed = array64([batch], new Float64Array(batch).fill(1 / batch));
  const [df, da] = jointHeadReferenceGradient(f, a, y, seed, options);
  return {
    loss: losses.reduce((sum, value) => sum + value, 0) / batch,
    gradients: convolutionGradients(c, df.data, da.data),
  };
}

/** Maps in PyTorch's layout: `maps` [N,C,H,W] class by class, the others as the golden file has them. */
async function runMaps(c: HeadCase, options: Omit<GoldenOptions, 'objective'>, everyClass: boolean) {
  const { batch, height, width, classes, places } = c;
  const f = engine.tensor(c.classLogits, [batch, height, width, classes]);
  const a = engine.tensor(c.locationLogits, [batch, height, width, 1]);
  const tape = startTape(engine, { gradients: false });
  const index = engine.empty([batch], 'u32');
  try {
    const maps = jointMaps(tape, f, a, options);
    const prior = await engine.read(maps.prior());
    const probabilities = await engine.read(maps.probabilities());
    const whole = {
      joint: new Float64Array(0),
      conditional: new Float64Array(0),
      posterior: new Float64Array(0),
    };
    if (everyClass) {
      for (const name of ['joint', 'conditional', 'posterior'] as const) {
        const values = new Float64Array(batch * classes * places);
        for (let k = 0; k < classes; k++) {
          engine.write(index, new Uint32Array(batch).fill(k));
          const map = await engine.read(maps.classMaps(index)[name]);
          for (let n = 0; n < batch; n++)
            values.set(map.subarray(n * places, (n + 1) * places), (n * classes + k) * places);
        }
        whole[name] = values;
      }
    }
    return { prior, probabilities, ...whole };
  } finally {
    tape.end();
    f.dispose();
    a.dispose();
    index.dispose();
  }
}

const variants = ['relu_detach', 'softplus_full', 'softplus_detach', 'relu_full'];

describe.each(['s0', 's2', 's4'])('golden head %s', (name) => {
  const c = headCase(`common.${name}`);

  test.each(['relu', 'softplus'])(
    '%s: prior, joint, conditional, posterior, probabilities',
    async (prior) => {
      const everyClass = name !== 's4';
      const got = await runMaps(c, variantOptions(prior), everyClass);
      expectGolden(got.prior, golden(`common.${name}.${prior}.prior`));
      if (!everyClass) return;
      expectGolden(got.joint, golden(`common.${name}.${prior}.joint`));
      expectGolden(got.posterior, golden(`common.${name}.${prior}.posterior`));
      expectGolden(got.conditional, golden(`common.${name}.conditional`));
      expectGolden(got.probabilities, golden(`common.${name}.${prior}.likelihood`));
    },
  );

  for (const objective of ['em', 'ml'] as const) {
    for (const variant of variants) {
      const prefix = `${objective}.${name}.${variant}`;
      if (goldenNames(`${prefix}.`).length === 0) continue;

      test(`${objective} ${variant}: loss, probability and gradients`, async () => {
        const options = { objective, ...variantOptions(variant) };
        const { loss, probabilities, gradients } = await runHead(c, c.labels, options);
        expectGolden([loss], golden(`${prefix}.loss`));
        const probs = golden(`${prefix}.probs`);
        const ofLabels = Array.from(c.labels, (label, n) => element(probs.values, n * c.classes + label));
        expectGolden(probabilities, {
          name: probs.name,
          shape: [c.batch],
          values: Float64Array.from(ofLabels),
        });
        expectGolden((await runMaps(c, options, false)).probabilities, probs);
        for (const [parameter, values] of Object.entries(gradients))
          expectGolden(values, golden(`${prefix}.grad.${parameter}`));
      });

      if (name !== 's4')
        test(`${objective} ${variant}: the loss of every class`, async () => {
          const features = golden(`${prefix}.features`);
          for (let label = 0; label < c.classes; label++) {
            const labels = new Uint32Array(c.batch).fill(label);
            const { losses } = await runHead(c, labels, { objective, ...variantOptions(variant) });
            const wanted = Array.from(losses, (_, n) => -element(features.values, n * c.classes + label));
            expectGolden(losses, { ...features, shape: [c.batch], values: Float64Array.from(wanted) });
          }
        });
    }
  }
});

describe.each([...new Set(goldenNames('edge.').map((name) => name.split('.')[1] ?? ''))])(
  'edge %s',
  (name) => {
    const c = headCase(`edge.${name}`);
    for (const variant of ['relu_detach', 'softplus_detach']) {
      test(`${variant}: maps`, async () => {
        const got = await runMaps(c, variantOptions(variant), true);
        const prefix = `edge.${name}.${variant}`;
        expectGolden(got.prior, golden(`${prefix}.prior`));
        expectGolden(got.conditional, golden(`${prefix}.conditional`));
        expectGolden(got.joint, golden(`${prefix}.joint`));
        expectGolden(got.posterior, golden(`${prefix}.posterior`));
        expectGolden(got.probabilities, golden(`${prefix}.likelihood`));
      });
      for (const objective of ['em', 'ml'] as const) {
        test(`${objective} ${variant}: loss and gradients`, async () => {
          const prefix = `edge.${name}.${variant}.${objective}`;
          const options = { objective, ...variantOptions(variant) };
          const { loss, gradients } = await runHead(c, c.labels, options);
          if (golden(`${prefix}.loss`).values[0] === Number.POSITIVE_INFINITY) {
            // The official ML loss takes the logarithm of an underflowed likelihood, and its gradients are NaN. In log space
            // both have a value: hold them to float64.
            expect([name, objective]).toEqual(['underflow', 'ml']);
            const exact = exactHead(c, options);
            expectGolden([loss], { name: `${prefix}.loss`, shape: [], values: Float64Array.of(exact.loss) });
            for (const [parameter, values] of Object.entries(exact.gradients))
              expectGolden(gradients[parameter] ?? [], { name: parameter, shape: [values.length], values });
            return;
          }
          expectGolden([loss], golden(`${prefix}.loss`));
          for (const [parameter, values] of Object.entries(gradients))
            expectGolden(values, golden(`${prefix}.grad.${parameter}`));
        });
      }
    }
  },
);

describe.each(['s0', 's2', 's4'])('golden CAM head %s', (name) => {
  test('logits, probabilities, loss and gradients', async () => {
    const c = headCase(`common.${name}`);
    const { batch, height, width, classes, labels } = c;
    const f = engine.tensor(c.classLogits, [batch, height, width, classes], { requiresGradient: true });
    const y = engine.tensor(labels, [batch]);
    const seed = engine.tensor(new Float32Array(batch).fill(1 / batch), [batch]);
    const tape = startTape(engine);
    try {
      const logits = globalAveragePool(tape, f);
      expectGolden(await engine.read(logits), golden(`cam.${name}.logits`));
      expectGolden(await engine.read(softmax(tape, logits)), golden(`cam.${name}.probs`));
      expectGolden(await engine.read(logSoftmax(tape, logits)), golden(`cam.${name}.features`));
      const losses = crossEntropy(tape, logits, y);
      const loss = (await engine.read(losses)).reduce((sum, value) => sum + value, 0) / batch;
      expectGolden([loss], golden(`cam.${name}.loss`));
      tape.backward(losses, seed);
      const df = tape.gradient(f);
      if (df === null) throw new RangeError('the loss gave no gradient');
      // The attention branch is unused: its gradient is zero here, and absent in the official code.
      const unused = new Float32Array(batch * c.places);
      const gradients = convolutionGradients(c, await engine.read(df), unused);
      for (const parameter of ['f_former', 'conv_last.weight', 'conv_last.bias'])
        expectGolden(gradients[parameter] ?? [], golden(`cam.${name}.grad.${parameter}`));
    } finally {
      tape.end();
      f.dispose();
      y.dispose();
      seed.dispose();
    }
  });
});

test('the fixture holds what these tests count on', () => {
  expect(goldenNames('').length).toBe(595);
});
