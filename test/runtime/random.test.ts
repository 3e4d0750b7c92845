import { describe, expect, test } from 'vitest';
import { hashIntegers, mix32, RandomStream } from '../../src/runtime/random.ts';

describe('random numbers', () => {
  test('mix32 is the known finaliser', () => {
    // Test vector of the reference data: fmix32(1) = 1364076727.
    expect(mix32(1)).toBe(1364076727);
    expect(mix32(0)).toBe(0);
  });
  test('every coordinate of a hash and its place matter', () => {
    const hashes = [[], [0], [0, 0], [1, 0], [0, 1], [1], [-1]].map((values) => hashIntegers(...values));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
  test('a stream is uniform enough and repeats with its key', () => {
    const random = new RandomStream(1, 2, 3);
    const values = Array.from({ length: 20000 }, () => random.uniform());
    const again = new RandomStream(1, 2, 3);
    expect(values.slice(0, 10)).toEqual(Array.from({ length: 10 }, () => again.uniform()));
    const bins = new Uint32Array(20);
    let serial = 0;
    for (const [i, value] of values.entries()) {
      const bin = Math.floor(value * 20);
      bins[bin] = (bins[bin] ?? 0) + 1;
      serial += (value - 0.5) * ((values[i + 1] ?? 0.5) - 0.5);
    }
    // Chi-squared with 19 degrees of freedom exceeds 52 with probability 7e-5.
    const chiSquared = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(52);
    // The mean of 20000 products of independent uniforms has standard deviation (1/12)/sqrt(20000) = 6e-4.
    expect(Math.abs(serial / values.length)).toBeLessThan(2.4e-3);
  });
  test('near keys give streams that have nothing to do with one another', () => {
    const count = 20_000;
    const [first, ...others] = [[7, 0], [7, 1], [8, 0], [7], [0, 7]].map((key) => new RandomStream(...key));
    const base = Array.from({ length: count }, () => (first?.uniform() ?? Number.NaN) - 0.5);
    for (const other of others) {
      const correlation = base.reduce((sum, value) => sum + value * (other.uniform() - 0.5), 0) / count;
      // Standard deviation 6e-4, as above.
      expect(Math.abs(correlation)).toBeLessThan(2.4e-3);
    }
  });
  test('normal numbers have mean 0 and standard deviation 1', () => {
    const random = new RandomStream(4);
    const count = 40_000;
    const values = Array.from({ length: count }, () => random.normal());
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    // Four standard deviations of the mean (1 / sqrt(40000)) and of the variance (at most sqrt(2 / 40000)).
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(count));
    expect(Math.abs(variance - 1)).toBeLessThan(4 * Math.sqrt(2 / count));
  });
  test('integers, choices and permutations stay within their bounds and reach all of them', () => {
    const random = new RandomStream(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(7)));
    expect(seen).toEqual(new Set([0, 1, 2, 3, 4, 5, 6]));
    expect([...random.permutation(31)].toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 31 }, (_, i) => i),
    );
    expect(new Set(Array.from({ length: 60 }, () => random.pick(['a', 'b', 'c'])))).toEqual(
      new Set(['a', 'b', 'c']),
    );
    expect(random.permutation(0)).toHaveLength(0);
    expect(() => random.integer(0)).toThrow(/RandomStream.integer: count/);
    expect(() => random.integer(2 ** 32 + 1)).toThrow(/count/);
    expect(() => random.pick([])).toThrow(/count/);
  });
});
