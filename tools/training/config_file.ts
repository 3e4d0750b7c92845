/**
 * Options of a command as JSON: `{ "batch": 8, "schedule": "step:30:0.1", "only-present": true, "layers": [2, 2] }`. Keys are the names
 * on the command line without dashes; flags are true or false, numbers numbers, lists arrays, and everything else the text that would
 * stand on the command line.
 */
import type { Command, Option } from 'commander';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { InvalidArgumentError } from 'commander';
import { nearest } from './nearest.ts';
import { quote } from '../../src/model/safetensors_header.ts';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

export type OptionValues = Readonly<Record<string, unknown>>;

/** What a file cannot say: where its own run goes on the command line, and what only makes sense there. */
const COMMAND_LINE_ONLY = new Set(['config', 'print-config', 'resume', 'help']);

/** `--weight-decay` is weight-decay, `--no-batch-norm` batch-norm. */
const keyOf = ({ long }: Option): string => (long ?? '').replace(/^--(no-)?/, '');

const optionsByKey = (command: Command): Map<string, Option> =>
  new Map(command.options.map((option) => [keyOf(option), option]));

const isFlag = (option: Option): boolean => option.isBoolean() || option.negate;

/** The options say so in their help: `<folder>`, `<file>`. */
const isPath = (option: Option): boolean => /<(folder|file)>/.test(option.flags);

/** Whether parsing gave back what was put in: a number for a number, a list of numbers for such a list. */
const isSame = (parsed: unknown, value: unknown): boolean =>
  typeof value === 'string' || JSON.stringify(parsed) === JSON.stringify(value);

function kindOf(parsed: unknown): string {
  if (Array.isArray(parsed)) return `a list, such as ${JSON.stringify(parsed)}`;
  return typeof parsed === 'number' ? `a number, such as ${parsed}` : 'a text';
}

/** A value of a file for a message: not too long, and not deep, as a file may be without end. */
function shortly(value: unknown): string {
  const isShallow =
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((item) => typeof item !== 'object');
  return isShallow ? JSON.stringify(value).slice(0, 80) : quote(value);
}

/** An option's value as commander keeps it, from what a file says; undefined is a flag that is not set. */
function parseValue(option: Option, value: unknown, origin: string): unknown {
  const told = `${origin}: ${keyOf(option)} is ${shortly(value)}`;
  if (isFlag(option)) {
    if (typeof value !== 'boolean') throw new ArgumentError(`${told}, wanted true or false`);
    return option.negate || value ? value : undefined;
  }
  if (option.variadic) {
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
      throw new ArgumentError(`${told}, wanted a list of texts`);
    return value;
  }
  if (typeof value !== 'string' && typeof value !== 'number' && !Array.isArray(value))
    throw new ArgumentError(`${told}, wanted a text, a number or a list`);
  const text = Array.isArray(value) ? value.join(',') : String(value);
  try {
    const parsed: unknown = option.parseArg === undefined ? text : option.parseArg(text, undefined);
    const wantsText = !Array.isArray(parsed) && typeof parsed !== 'number';
    if (!isSame(parsed, value) || (typeof value === 'string') !== wantsText)
      throw new ArgumentError(`${told}, wanted ${kindOf(parsed)}`);
    return parsed;
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new ArgumentError(`${told}. ${error.message}`);
    throw error;
  }
}

/** Gives the options these values, unless they stand on the command line: that wins. `origin` is for messages. */
export function applyValues(command: Command, values: OptionValues, origin: string): void {
  const options = optionsByKey(command);
  for (const key of COMMAND_LINE_ONLY) options.delete(key);
  const isGiven = (name: string): boolean => command.getOptionValueSource(name) === 'cli';
  const applied = new Map<string, string>();
  for (const [key, value] of Object.entries(values)) {
    const option = options.get(key);
    if (option === undefined) {
      if (COMMAND_LINE_ONLY.has(key))
        throw new ArgumentError(`${origin}: ${key} belongs on the command line, not in a file`);
      const suggestion = nearest(key, [...options.keys()]);
      const hint =
        suggestion === null ? `one of ${[...options.keys()].join(', ')}` : `did you mean ${suggestion}?`;
      throw new ArgumentError(`${origin}: there is no option ${key.slice(0, 80)}; ${hint}`);
    }
    const parsed = parseValue(option, value, origin);
    const name = option.attributeName();
    const rivals = command.options.filter((other) => excludes(option, other));
    if (isGiven(name) || rivals.some((other) => isGiven(other.attributeName()))) continue;
    const rival = rivals
      .map((other) => applied.get(other.attributeName()))
      .find((found) => found !== undefined);
    if (parsed !== undefined && rival !== undefined)
      throw new ArgumentError(`${origin}: ${rival} and ${key} exclude one another`);
    if (parsed !== undefined) applied.set(name, key);
    command.setOptionValueWithSource(name, parsed, 'config');
  }
}

/** commander keeps it with one of the two. */
function excludes(one: Option, other: Option): boolean {
  const names = (option: Option): readonly string[] =>
    (option as unknown as { readonly conflictsWith: readonly string[] }).conflictsWith;
  return names(one).includes(other.attributeName()) || names(other).includes(one.attributeName());
}

/**
 * Reads a file of options, or a run's configuration.json, of which it takes the `options`.
 * @throws ArgumentError when it is no JSON object
 */
export async function readValues(path: string): Promise<OptionValues> {
  const text = await readFile(path, 'utf8');
  const isObject = (value: unknown): value is OptionValues =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    throw new ArgumentError(`--config: ${path} is no JSON: ${reason}`, { cause: error });
  }
  const values = isObject(content) && 'options' in content ? content['options'] : content;
  if (!isObject(values)) throw new ArgumentError(`--config: ${path} holds no object of options`);
  return values;
}

/** A schedule or a posterior as it stands on the command line: `{ kind: 'ema', momentum: 0.9 }` is ema:0.9. */
const textOf = (value: object): string => Object.values(value).join(':');

/**
 * Every option as it is now, in the form that `applyValues` takes, but for those in `except`. Paths become absolute, so that they mean
 * the same anywhere.
 */
export function presentValues(command: Command, except: readonly string[]): OptionValues {
  const values: Record<string, unknown> = {};
  for (const [key, option] of optionsByKey(command)) {
    if (COMMAND_LINE_ONLY.has(key) || except.includes(key)) continue;
    const value: unknown = command.getOptionValue(option.attributeName());
    if (isFlag(option)) values[key] = value ?? false;
    else if (value === undefined) continue;
    else if (isPath(option) && typeof value === 'string') values[key] = resolve(value);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value))
      values[key] = textOf(value);
    else values[key] = value;
  }
  return values;
}
