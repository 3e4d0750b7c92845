import { describe, expect, test } from 'vitest';
import {
  choices,
  number,
  outputStride,
  posteriorSource,
  scheduleChoice,
  wholeNumber,
  wholeNumbers,
} from '../../tools/options.ts';
import { nameResults } from '../../tools/explain/images.ts';

describe('option values', () => {
  test('whole numbers, and lists of them', () => {
    expect(wholeNumber(0)('0')).toBe(0);
    expect(wholeNumber(1)('224')).toBe(224);
    for (const text of ['', ' ', '0', '-1', '1.5', '1e3', 'x', '99999999999999999999'])
      expect(() => wholeNumber(1)(text), text).toThrow('whole number >= 1');
    expect(wholeNumbers(0)('3, 1,2')).toEqual([3, 1, 2]);
    expect(() => wholeNumbers(0)('1,,2')).toThrow('whole number');
    expect(() => wholeNumbers(1, 3)('1,2')).toThrow('3 whole numbers');
  });

  test('numbers in a range', () => {
    expect(number(0)('1e-4')).toBe(1e-4);
    expect(number(0, 1)('1')).toBe(1);
    for (const text of ['', ' ', 'NaN', 'Infinity', '-0.1', '1.1', 'x'])
      expect(() => number(0, 1)(text), text).toThrow('a number >= 0 and <= 1');
    expect(() => number(0, Infinity, { exclusive: true })('0')).toThrow('> 0');
  });

  test('names from a choice', () => {
    const parse = choices(['joint', 'saliency'] as const);
    expect(parse('saliency,joint')).toEqual(['saliency', 'joint']);
    expect(() => parse('joint,heat')).toThrow(/got 'heat'\.$/);
    expect(() => parse('joint,salience')).toThrow("got 'salience' (did you mean saliency?)");
  });

  test('posteriors', () => {
    expect(posteriorSource('current')).toBe('current');
    expect(posteriorSource('ema:0.99')).toEqual({ kind: 'ema', momentum: 0.99 });
    expect(posteriorSource('refresh:100')).toEqual({ kind: 'refresh', every: 100 });
    for (const text of ['', 'ema', 'ema:2', 'refresh:0', 'refresh:1.5', 'ema:0.9:1', 'slow:3'])
      expect(() => posteriorSource(text), text).toThrow('Wanted');
  });

  test('schedules', () => {
    expect(scheduleChoice('constant')).toEqual({ kind: 'constant' });
    expect(scheduleChoice('cosine')).toEqual({ kind: 'cosine' });
    expect(scheduleChoice('step:15')).toEqual({ kind: 'step', every: 15 });
    expect(scheduleChoice('step:30:0.5')).toEqual({ kind: 'step', every: 30, factor: 0.5 });
    for (const text of ['', 'step', 'step:0', 'step:3:2', 'cosine:3', 'linear', 'step:3:0.1:2'])
      expect(() => scheduleChoice(text), text).toThrow('Wanted');
  });

  test('the large feature map is stride 8', () => {
    expect(outputStride({ largeFeatureMap: true })).toBe(8);
    expect(outputStride({ outputStride: 32 })).toBe(32);
    expect(outputStride({})).toBeUndefined();
  });
});

test('results of pictures with the same name have names of their own', () => {
  const names = nameResults(['a/bird.jpg', 'b/bird.png', 'bird-2.png', 'c/bird.jpg']).map(({ name }) => name);
  expect(names[0]).toBe('bird');
  expect(new Set(names).size).toBe(4);
});
