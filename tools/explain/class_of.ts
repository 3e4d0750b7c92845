import type { LoadedModel } from './load_model.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';

/** The class that an option names by number (from 0) or name; undefined when it was not given. Throws ArgumentError for another. */
export function classOf(
  option: string,
  text: string | undefined,
  { model, classNames }: Pick<LoadedModel, 'model' | 'classNames'>,
): number | undefined {
  if (text === undefined) return undefined;
  const { classes } = model.configuration;
  const index = /^\d+$/.test(text) ? Number(text) : (classNames?.indexOf(text) ?? -1);
  if (index >= 0 && index < classes) return index;
  const names = classNames === null ? '' : `, or a class name such as ${classNames[0] ?? ''}`;
  throw new ArgumentError(`--${option}: got ${text}, wanted a whole number from 0 to ${classes - 1}${names}`);
}
