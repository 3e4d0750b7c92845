/** The command line of bench/compare/run.ts. */
import { parseArgs } from 'node:util';
import { PEER_NAMES } from './peers/registry.ts';
import type { PeerName } from './peers/registry.ts';

/** What to measure, how, and where the results go. */
export interface Options {
  /** Every word must be a part of a case's "group: name". */
  readonly words: readonly string[];
  readonly quick: boolean;
  readonly json: string | undefined;
  readonly peers: readonly PeerName[];
  readonly threads: readonly number[];
  readonly python: readonly string[];
  /** Samples of a training step. */
  readonly steps: number;
  /** Maps, as "7x7", at which the slow peers take the training step too. */
  readonly slowMaps: readonly string[];
}

const MAPS = ['7x7', '14x14', '28x28'];
const PYTHON = 'python3,/usr/bin/python3';

const USAGE = `node bench/compare/run.ts [PART OF A CASE'S NAME...] [options]

  --quick            small cases and few samples
  --json FILE        write the results
  --peers LIST       of ${PEER_NAMES.join(',')}; default: all
  --threads LIST     threads of PyTorch and of ONNX Runtime's CPU; default: 1,2
  --python LIST      Python interpreters of which the first that has torch is taken; default: ${PYTHON}
  --steps N          samples of a training step; default: 5, 2 with --quick
  --slow-map LIST    of ${MAPS.join(',')}: maps at which TensorFlow.js and jax-js take the training step too, one sample of
                     10 to 100 s on two CPU cores, after a first step that lasts longer; default: none
  --list             names of the cases`;

function listOf<T extends string>(option: string, text: string, allowed: readonly T[]): T[] {
  const items = text.split(',').filter((item) => item !== '');
  const unknown = items.filter((item) => !allowed.some((name) => name === item));
  if (unknown.length > 0)
    throw new Error(`--${option} ${text}: no ${unknown.join(', ')}; wanted some of ${allowed.join(',')}`);
  return items as T[];
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${option} ${text}: wanted a whole number >= 1`);
  return value;
}

/** Reads the command line; null when only help or the list was wanted, which is then printed. */
export function parseOptions(caseNames: readonly string[]): Options | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      peers: { type: 'string', default: PEER_NAMES.join(',') },
      threads: { type: 'string', default: '1,2' },
      python: { type: 'string', default: PYTHON },
      steps: { type: 'string' },
      'slow-map': { type: 'string', default: '' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help || values.list) {
    console.log(values.help ? USAGE : caseNames.join('\n'));
    return null;
  }
  return {
    words: positionals,
    quick: values.quick,
    json: values.json,
    peers: listOf('peers', values.peers, PEER_NAMES),
    threads: values.threads.split(',').map((count) => wholeNumber('threads', count)),
    python: values.python.split(','),
    steps: wholeNumber('steps', values.steps ?? (values.quick ? '2' : '5')),
    slowMaps: listOf('slow-map', values['slow-map'], MAPS),
  };
}
