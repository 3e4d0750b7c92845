import type { Check } from '../../tools/golden/compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTinyActivations, checkTinyTraining } from '../../tools/golden/tiny_resnet.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { GoldenFile, noiseOf } from '../../tools/golden/compare.ts';
import { parseSafetensors } from '../../src/model/safetensors.ts';
import { readFixture, readJsonFixture } from '../fixture.ts';

const index = await readJsonFixture('tiny_resnet/index.json');

async function open(name: string): Promise<GoldenFile> {
  const file = `resnet50_tiny_${name}.safetensors`;
  return new GoldenFile(parseSafetensors(await readFixture(`tiny_resnet/${file}`)), noiseOf(index, file));
}

function expectRight(checks: readonly Check[], atLeast: number): void {
  expect(checks.length).toBeGreaterThanOrEqual(atLeast);
  const wrong = checks.filter(({ error, allowed }) => !(error <= allowed));
  expect(wrong).toEqual([]);
}

// The tolerances are the reference's own advice (see tools/golden); seen: activations below a tenth of what is allowed.
const init = await open('init');

describe('the tiny ResNet of the released CALM code', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  for (const largeFeatureMap of [false, true]) {
    const map = largeFeatureMap ? 'lfm1' : 'lfm0';
    for (const set of ['train', 'eval', 'odd'] as const) {
      test(`activations, ${set} images, ${map}`, async () => {
        expectRight(
          await checkTinyActivations(engine, init, await open(`acts_${map}`), set, largeFeatureMap),
          7,
        );
      });
    }
    for (const [method, head] of [
      ['cam', 'cam'],
      ['em', 'calm-em'],
      ['ml', 'calm-ml'],
    ] as const) {
      test(`${method}, ${map}: losses, gradients, state after SGD steps`, async () => {
        const golden = await open(`${method}_${map}`);
        expectRight(await checkTinyTraining(engine, init, golden, { head, largeFeatureMap }), 50);
      });
    }
  }

  test('a wrong golden value is noticed', async () => {
    const golden = (await open('acts_lfm0')).map((name, tensor) => {
      if (name !== 'eval.probs') return tensor;
      const bytes = tensor.bytes.slice();
      bytes.set([0, 0, 128, 63]);
      return { ...tensor, bytes };
    });
    const checks = await checkTinyActivations(engine, init, golden, 'eval', false);
    const wrong = checks.filter(({ error, allowed }) => error > allowed).map(({ name }) => name);
    expect(wrong).toEqual(['eval.probs']);
  });
});
