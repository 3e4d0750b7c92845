import type { Engine } from '../../src/runtime/engine.ts';
import type { HeadKind } from '../../src/model/head.ts';
import type { PropertyResult } from '../../src/attribution/audit/properties.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditProperties } from '../../src/attribution/audit/properties.ts';
import { auditRandomisation, partsFromTop } from '../../src/attribution/audit/randomisation.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { evalImages, model } from './tiny_model.ts';
import { rankCorrelation, structuralSimilarity } from '../../src/attribution/audit/similarity.ts';

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

async function audited(head: HeadKind): Promise<PropertyResult[]> {
  const made = model(engine, head);
  const used = engine.memory().usedBytes;
  const results = await auditProperties(made, images);
  expect(engine.memory().usedBytes).toBe(used);
  made.dispose();
  return results;
}

describe('the properties', () => {
  test('hold for CALM', async () => {
    const results = await audited('calm-em');
    expect(new Set(results.map(({ property }) => property)).size).toBe(3);
    expect(results).toHaveLength(8);
    for (const { measured, worst, allowed } of results) expect(worst, measured).toBeLessThanOrEqual(allowed);
  });

  test('do not hold for CAM: its map moves when a constant is added to f, which no prediction shows', async () => {
    const results = await audited('cam');
    const [constant] = results.filter(({ property }) => property === 'implementation invariance');
    expect(constant?.worst).toBeGreaterThan(0.01);
    expect(constant?.measured).toMatch(/p\(y\|x\) moves by \d(e-\d+)/);
    const [completeness] = results.filter(({ property }) => property === 'completeness');
    expect(completeness?.worst).toBeGreaterThan(0.01);
  });
});

describe('randomisation', () => {
  test('goes from the head down, and changes maps that depend on the weights', async () => {
    const made = model(engine, 'calm-em');
    expect(partsFromTop(made)).toEqual(['head', 'layer4', 'layer3', 'layer2', 'layer1', 'bn1', 'conv1']);
    const before = await engine.read(made.parameters.values);
    const results = await auditRandomisation(made, images, ['joint', 'gradient']);
    expect(await engine.read(made.parameters.values)).toEqual(before);
    expect(results).toHaveLength(2 * 7);
    for (const { rankCorrelation: rank, structuralSimilarity: similarity } of results) {
      expect(Math.abs(rank)).toBeLessThan(0.9);
      expect(similarity).toBeLessThan(0.9);
    }
    made.dispose();
  });
});

describe('similarity', () => {
  const map = (values: readonly number[], width: number) => ({
    width,
    height: values.length / width,
    data: Float32Array.from(values),
  });

  test('rank correlation is that of scipy', () => {
    // scipy.stats.spearmanr([1, 2, 2, 5, 4], [3, 1, 4, 4, 5]) = 0.60526...
    expect(rankCorrelation(map([1, 2, 2, 5, 4], 5), map([3, 1, 4, 4, 5], 5))).toBeCloseTo(0.6052631579, 9);
    expect(rankCorrelation(map([1, 2, 3], 3), map([10, 100, 1000], 3))).toBeCloseTo(1, 12);
    expect(rankCorrelation(map([1, 2, 3], 3), map([3, 2, 1], 3))).toBeCloseTo(-1, 12);
    expect(rankCorrelation(map([1, 1, 1], 3), map([3, 2, 1], 3))).toBeNaN();
  });

  test('structural similarity is 1 for equal maps, and by its formula for one window', () => {
    const ramp = Array.from({ length: 49 }, (_, i) => i / 48);
    expect(structuralSimilarity(map(ramp, 7), map(ramp, 7))).toBeCloseTo(1, 12);
    // Against its mirror: equal means 1/2 and variances v, covariance -v; v = 49 * 50 / 12 / 48^2, the sample variance of a ramp.
    const v = (49 * 50) / 12 / 48 ** 2;
    const wanted = (-2 * v + 0.03 ** 2) / (2 * v + 0.03 ** 2);
    expect(structuralSimilarity(map(ramp, 7), map(ramp.toReversed(), 7))).toBeCloseTo(wanted, 6);
    expect(() => structuralSimilarity(map(ramp, 49), map(ramp, 49))).toThrow(/at least 7x7/);
  });
});
