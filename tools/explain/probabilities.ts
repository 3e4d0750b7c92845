import { CalmError } from '../../src/runtime/errors.ts';

/** @throws CalmError where a model's probabilities of an image are no numbers: nothing can be told of it then */
export function checkProbabilities(
  probabilities: Float32Array,
  { file, image }: { readonly file: string; readonly image: string },
): void {
  if (probabilities.some(Number.isNaN))
    throw new CalmError(
      `${file}: gives probabilities that are no numbers (NaN) for ${image}; calm inspect ${file} --stats tells whether its weights are finite`,
    );
}
