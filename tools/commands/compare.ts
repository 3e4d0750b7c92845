import type { Difference } from '../compare/difference.ts';
import type { Side } from '../compare/sides.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { checkTarget } from '../weights/check_target.ts';
import { Command } from 'commander';
import { counted } from '../../src/report/counted.ts';
import { differenceOf, termsOf } from '../compare/difference.ts';
import { givenOptions, number } from '../options.ts';
import { inputOf, orderedNames, passOf, readSide } from '../compare/sides.ts';
import { join } from 'node:path';
import { jsonText } from '../json_text.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { naming } from '../../src/train/checkpoint.node.ts';
import { printLine, printTable } from '../../bench/table.ts';
import { sameShape } from '../../src/runtime/shape.ts';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { writeSafetensors } from '../../src/model/safetensors.node.ts';

interface CompareOptions {
  readonly adapter?: string;
  readonly adapters?: string;
  readonly input?: string;
  readonly dump?: string;
  readonly tolerance: number;
  readonly all?: true;
  readonly json?: true;
}

/** Runs the same command on an adapter in a process of its own: two drivers in one do not always agree. */
async function dumpElsewhere(path: string, target: string, adapter: string, input?: string): Promise<void> {
  const program = process.argv[1] ?? '';
  const parameters = ['compare', path, '--dump', target, '--adapter', adapter];
  if (input !== undefined) parameters.push('--input', input);
  const child = spawn(process.execPath, [...process.execArgv, program, ...parameters], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const code = await new Promise<number | null>((settle, fail) => {
    child.on('error', fail);
    child.on('close', settle);
  });
  if (code !== 0) throw new ArgumentError(`calm compare: the pass on ${adapter} failed`);
}

/** A model on two adapters. */
async function onTwoAdapters(path: string, adapters: string, input?: string): Promise<[Side, Side]> {
  const [first = '', second = '', ...others] = adapters.split(',').map((name) => name.trim());
  // An empty name would be whatever adapter is the usual one, perhaps the other again.
  if (first === '' || second === '' || others.length > 0)
    throw new ArgumentError(`--adapters is ${adapters}, wanted two names between a comma`);
  const folder = await mkdtemp(join(tmpdir(), 'calm-compare-'));
  try {
    const sides: Side[] = [];
    for (const [index, adapter] of [first, second].entries()) {
      const target = join(folder, `${index}.safetensors`);
      await dumpElsewhere(path, target, adapter, input);
      sides.push({ ...(await readSide(target)), path: `${path} on ${adapter}` });
    }
    const [a, b] = sides;
    if (a === undefined || b === undefined) throw new Error('two adapters give two passes');
    return [a, b];
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Where one is a recorded pass and the other a checkpoint, the latter runs on the former's input. */
async function matched(first: Side, second: Side, adapter: string | undefined): Promise<[Side, Side]> {
  if (first.kind === 'recorded pass' && second.kind === 'checkpoint')
    return [first, await passOf(second, inputOf(first), adapter)];
  if (second.kind === 'recorded pass' && first.kind === 'checkpoint')
    return [await passOf(first, inputOf(second), adapter), second];
  if (adapter !== undefined)
    throw new ArgumentError('--adapter: nothing is run here: both files are compared as they are');
  return [first, second];
}

/** Whether two tensors differ by more than sums in another order make. */
const isBeyond = ({ relative, nonFiniteDifferent }: Difference, tolerance: number): boolean =>
  // Not `>`: of float64 numbers that overflow on the way the share may be NaN.
  !(relative <= tolerance) || nonFiniteDifferent > 0;

function printDifferences(
  [first, second]: readonly [Side, Side],
  { tolerance, all, json }: CompareOptions,
): boolean {
  const names = orderedNames(first);
  const differences: Difference[] = [];
  const unmatched: string[] = [];
  for (const name of names) {
    const [a, b] = [first.tensors.get(name), second.tensors.get(name)];
    if (a === undefined || b === undefined) unmatched.push(`${name} is in ${first.path} only`);
    else if (!sameShape(a.shape, b.shape))
      unmatched.push(`${name} is [${a.shape.join()}] and [${b.shape.join()}]`);
    else
      differences.push(
        naming(`${first.path} and ${second.path}: ${name}`, () =>
          differenceOf(name, a, b, termsOf(name, first.tensors)),
        ),
      );
  }
  for (const name of second.tensors.keys())
    if (!first.tensors.has(name)) unmatched.push(`${name} is in ${second.path} only`);
  const changed = differences.filter(({ different }) => different > 0);
  const beyond = differences.filter((difference) => isBeyond(difference, tolerance));
  if (json === true) {
    console.log(jsonText({ a: first.path, b: second.path, tolerance, differences, unmatched }));
    return beyond.length === 0 && unmatched.length === 0;
  }
  const shown = all === true ? differences : changed;
  printLine(`A: ${first.path}`);
  printLine(`B: ${second.path}`);
  if (shown.length > 0)
    printTable(
      ['', 'shape', 'differ', 'max |A-B|', 'of the largest', 'ulp', 'NaN, inf'],
      shown.map((difference) => [
        `${isBeyond(difference, tolerance) ? '*' : ' '} ${difference.name}`,
        difference.shape.join('x'),
        `${((100 * difference.different) / Math.max(difference.elements, 1)).toFixed(1)} %`,
        difference.maxAbsolute.toExponential(2),
        difference.relative.toExponential(2),
        difference.ulp.toLocaleString('en'),
        difference.nonFinite.some((count) => count > 0) ? difference.nonFinite.join(', ') : '',
      ]),
    );
  for (const line of unmatched) printLine(`* ${line}`);
  const [firstChanged, firstBeyond] = [changed[0], beyond[0]];
  const same = differences.length - changed.length;
  console.log(
    `${counted(differences.length, 'tensor')}: ${same} equal to the bit, ${beyond.length} beyond rounding (*)`,
  );
  if (firstChanged !== undefined) printLine(`first with other bits: ${firstChanged.name}`);
  if (firstBeyond !== undefined) printLine(`first beyond rounding: ${firstBeyond.name}`);
  return beyond.length === 0 && unmatched.length === 0;
}

async function compare(
  a: string,
  b: string | undefined,
  options: CompareOptions,
  command: Command,
): Promise<void> {
  const { adapter, adapters, input, dump } = options;
  const refuse = (names: readonly string[], why: string): void => {
    const given = givenOptions(command, (name) => names.includes(name));
    if (given !== '') throw new ArgumentError(`${given}: ${why}`);
  };
  if (dump !== undefined) {
    if (b !== undefined || adapters !== undefined)
      throw new ArgumentError('--dump writes one pass: give one checkpoint and one --adapter');
    refuse(['all', 'json', 'tolerance'], '--dump writes one pass and compares nothing');
    for (const source of [a, input]) if (source !== undefined) await checkTarget(source, dump);
    const source = input === undefined ? null : inputOf(await readSide(input));
    const { tensors, metadata, path } = await passOf(await readSide(a), source, adapter);
    await writeSafetensors(dump, tensors, metadata);
    printLine(`${dump}: ${counted(tensors.size, 'tensor')} of ${path}`);
    return;
  }
  if ((b === undefined) === (adapters === undefined))
    throw new ArgumentError('calm compare: wanted two files, or one checkpoint and --adapters A,B');
  if (b === undefined) refuse(['adapter'], '--adapters names both');
  else refuse(['input'], 'two files bring what is compared: it is for one checkpoint');
  const sides =
    b === undefined
      ? await onTwoAdapters(a, adapters ?? '', input)
      : await matched(await readSide(a), await readSide(b), adapter);
  if (!printDifferences(sides, options)) process.exitCode = 1;
}

/** `calm compare`: where two models, or two runs of one, part. */
export function compareCommand(): Command {
  return new Command('compare')
    .description(
      'compare, layer by layer: two files of weights or checkpoints; two recorded passes; a checkpoint with a pass that was recorded ' +
        'elsewhere, which it then runs on the same images; or a checkpoint on two adapters. Says what differs first, in the order in which ' +
        'numbers flow. Ends with 1 where anything differs beyond rounding',
    )
    .argument('<a>', 'weights, a checkpoint, or a recorded pass')
    .argument('[b]', 'another')
    .option('--adapters <a,b>', 'run the checkpoint on both, forward and backward, and compare')
    .option('--adapter <name>', 'where a checkpoint runs otherwise')
    .option('--input <file>', 'a recorded pass whose images and labels are taken (default: noise)')
    .option('--dump <file>', 'record a pass of the checkpoint, instead of comparing')
    .option(
      '--tolerance <share>',
      "what counts as rounding: max |A-B| over the tensor's largest number (the gradient of a bias: over what it adds up)",
      number(0),
      // Sums of a few thousand float32 terms in another order, through fifty layers of them, stay well below; a wrong kernel does not.
      1e-4,
    )
    .option('--all', 'list equal tensors too')
    .option('--json', 'print every number as JSON; those that are not finite as texts')
    .addHelpText(
      'after',
      '\nA recorded pass is a safetensors file with input.images [N,3,H,W], input.labels, activation.LAYER [N,C,H,W], loss,\n' +
        'activation_gradient.LAYER and gradient.PARAMETER, by the names of the PyTorch modules, running statistics in use (eval()). A page\n' +
        'makes one by recordPass(model, { images, labels }) and serializeSafetensors; PyTorch, by forward hooks and safetensors.torch.save_file,\n' +
        "with the metadata { 'pass': '{}' }. Layers have what we fuse into them: compare conv1 before, bn1 after its ReLU.",
    )
    .action(compare);
}
