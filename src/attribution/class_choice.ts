import { reject } from '../runtime/errors.ts';

/**
 * Classes of every image, counted from 0: a list an image, the same list for `all`, or what a function makes of an image's class
 * probabilities [C] and its place in the batch.
 */
export type ClassChoice =
  | readonly (readonly number[])[]
  | { readonly all: readonly number[] }
  | ((probabilities: Float32Array, image: number) => readonly number[]);

/** The classes of every image as lists. Throws ArgumentError for a class out of range, or another number of lists than of images. */
export function resolveClasses(
  argument: string,
  choice: ClassChoice,
  probabilities: readonly Float32Array[],
): readonly (readonly number[])[] {
  const rows =
    typeof choice === 'function'
      ? probabilities.map(choice)
      : 'all' in choice
        ? probabilities.map(() => choice.all)
        : choice;
  if (rows.length !== probabilities.length) {
    const wanted = `${probabilities.length}, one an image`;
    reject('attribute', `number of lists in ${argument}`, String(rows.length), wanted);
  }
  const classCount = probabilities[0]?.length ?? 0;
  for (const index of rows.flat()) {
    if (!Number.isInteger(index) || index < 0 || index >= classCount)
      reject(
        'attribute',
        `a class of ${argument}`,
        String(index),
        `a whole number from 0 to ${classCount - 1}`,
      );
  }
  return rows;
}

/** Throws ArgumentError unless all lists are as long as the first; returns that length. */
export function commonLength(argument: string, rows: readonly (readonly number[])[]): number {
  const length = rows[0]?.length ?? 0;
  for (const row of rows)
    if (row.length !== length)
      reject('attribute', `a list of ${argument}`, `${row.length} long`, `${length} as the first`);
  return length;
}
