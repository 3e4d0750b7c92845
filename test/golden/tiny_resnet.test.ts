import type { Check } from '../../tools/golden/compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkTinyActivations, checkTinyTraining } from '../../tools/golden/tiny_resnet.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { GoldenFile, noiseOf } from '../../tools/golden/compare.ts';
import { parseSafetensors } from '../../src/model/safetensors.ts';
import { readFileSync } from 'node:fs';

const folder = new URL('../fixtures/tiny_resnet/', import.meta.url);
const index: unknown = JSON.parse(readFileSync(new URL('index.json', folder), 'utf8'));

function open(name: string): GoldenFile {
  const file = `resnet50_tiny_${name}.safetensors`;
  return new GoldenFile(parseSafetensors(readFileSync(new URL(file, folder))), noiseOf(index, file));
}

function expectRight(checks: readonly Check[], atLeast: number): void {
  expect(checks.length).toBeGreaterThanOrEqual(atLeast);
  const wrong = checks.filter(({ error, allowed }) => !(error <= allowed));
  expect(wrong).toEqual([]);
}

// The tolerances are the reference's own advice (see tools/golden); seen: activations below a tenth of what is allowed.
describe('the tiny ResNet of the released CALM code', () => {
  let engine: Engine;
  const init = open('init');
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  for (const largeFeatureMap of [false, true]) {
    const map = largeFeatureMap ? 'lfm1' : 'lfm0';
    for (const set of ['train', 'eval', 'odd'] as const) {
      test(`activations, ${set} images, ${map}`, async () => {
        expectRight(await checkTinyActivations(engine, init, open(`acts_${map}`), set, largeFeatureMap), 7);
      });
    }
    for (const [method, head] of [
      ['cam', 'cam'],
      ['em', 'calm-em'],
      ['ml', 'calm-ml'],
    ] as const) {
      test(`${method}, ${map}: losses, gradients, state after SGD steps`, async () => {
        const golden = open(`${method}_${map}`);
        expectRight(await checkTinyTraining(engine, init, golden, { head, largeFeatureMap }), 50);
      });
    }
  }

  test('a wrong golden value is noticed', async () => {
    const golden = open('acts_lfm0').map((name, tensor) => {
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
