import { counted } from '../../src/report/counted.ts';
import { expect, test } from 'vitest';

test('one is singular, none and several are plural', () => {
  expect([0, 1, 2].map((count) => counted(count, 'image'))).toEqual(['0 images', '1 image', '2 images']);
  expect([1, 12].map((count) => counted(count, 'class', 'classes'))).toEqual(['1 class', '12 classes']);
});
