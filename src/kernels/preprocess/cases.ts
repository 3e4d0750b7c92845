import type { OpCases } from '../cases.ts';
import type { PreprocessOptions } from './preprocess.ts';
import { array64Input, labelInput } from '../cases.ts';
import { preprocess } from './preprocess.ts';
import { preprocessReference } from './reference.ts';

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

const preprocessCase = (name: string, options: Omit<PreprocessOptions, 'mean' | 'std'>) => {
  const [batch, height, width] = options.images;
  const shape = [Math.ceil((batch * height * width * 3) / 4)];
  return {
    name,
    inputs: [{ shape, values: { kind: 'integers', below: 2 ** 32 }, dtype: 'u32' }],
    options: { ...options, ...imagenet },
  } as const;
};

export const preprocessCases: OpCases<PreprocessOptions> = {
  name: 'preprocess',
  cases: [
    preprocessCase('one pixel', { images: [1, 1, 1], height: 1, width: 1 }),
    preprocessCase('whole images', { images: [3, 5, 7], height: 5, width: 7 }),
    preprocessCase('centre', { images: [2, 13, 11], height: 6, width: 5 }),
    preprocessCase('crops and flips', {
      images: [3, 37, 31],
      height: 29,
      width: 23,
      crops: [0, 0, 8, 8, 3, 5],
      flips: [1, 0, 1],
    }),
  ],
  run: (tape, inputs, options) => preprocess(tape, labelInput(inputs, 0), options),
  reference: (inputs, options) => preprocessReference(array64Input(inputs, 0), options),
  // Two rounded constants, a product and a sum, each 2^-24 of a value no larger than the largest output's scale (2.7).
  tolerance: { absolute: 0, relative: 4 * 2 ** -24 },
};
