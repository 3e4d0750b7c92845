/** What every benchmark shares: the command line, the adapter's name, fair timing, tables and JSON. */
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import type { AdapterDescription } from '../src/runtime/open.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { measureCandidates } from './measure.ts';
import type { BenchRow, Candidate, MeasureOptions } from './measure.ts';
import { printTable } from './table.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

/** A number that is no kernel's time. */
export interface Figure {
  readonly group: string;
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** A benchmark's open engine and its rows so far. */
export interface Bench {
  readonly engine: Engine;
  /** `--quick`: few samples, and the benchmark should leave its large cases out. */
  readonly quick: boolean;
  readonly rows: readonly BenchRow[];
  /** Whether a case is wanted: every word given on the command line is a part of its name. */
  wanted(name: string): boolean;
  /** Checks and times candidates, alternating them, prints their table and keeps the rows. */
  measure(group: string, candidates: readonly Candidate[], options?: MeasureOptions): Promise<BenchRow[]>;
  /** Prints and keeps a number that is no kernel's time: bytes, host time, a ratio. */
  readonly figure: (group: string, name: string, value: number, unit: string) => void;
  /** Writes the JSON file, when asked for, and closes the engine. */
  finish(): Promise<void>;
}

interface Settings {
  readonly json: string | undefined;
  readonly quick: boolean;
  readonly words: readonly string[];
}

function parseSettings(usage: string): Settings {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(`node bench/${usage}.ts [PART OF A CASE'S NAME...] [--quick] [--json FILE]`);
    process.exit(0);
  }
  return { json: values.json, quick: values.quick, words: positionals };
}

function versions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const version = (name: string): string => (require(name) as { version: string }).version;
  return {
    'calm-webgpu': version('../package.json'),
    node: process.version,
    webgpu: version('webgpu/package.json'),
  };
}

function describeAdapter({ name, driver, backend, software }: AdapterDescription): string {
  return `${name} (${backend}; ${driver})${software ? ', SOFTWARE: computed on the CPU' : ''}`;
}

/** Opens a benchmark: reads the command line, makes the engine, prints what it runs on. `name` is its file without .ts. */
export async function openBench(name: string): Promise<Bench> {
  const settings = parseSettings(name);
  const engine = await createEngine();
  const date = new Date().toISOString();
  const timing = engine.capabilities.timestamps ? 'timestamps of the kernels' : 'wall time of the queue';
  console.log(`${name}: ${describeAdapter(engine.adapter)}`);
  console.log(`timing: ${timing}; median of alternating samples; ${date}; ${JSON.stringify(versions())}`);
  const rows: BenchRow[] = [];

  const measure: Bench['measure'] = async (group, given, options = {}) => {
    const rounds = settings.quick ? 3 : 9;
    const measured = await measureCandidates(engine, group, given, { ...options, rounds });
    rows.push(...measured);
    console.log(`\n${group}`);
    printTable(
      [
        '',
        'ms',
        '+-%',
        'GB/s',
        'GFLOP/s',
        '% of bound',
        '% of probes',
        `speed over ${given.at(-1)?.name ?? ''}`,
      ],
      measured.map((row) => [
        row.name,
        row.milliseconds.toFixed(3),
        (100 * row.spread).toFixed(1),
        row.gigabytesPerSecond.toFixed(2),
        row.gigaflopsPerSecond.toFixed(2),
        row.boundShare === null ? '-' : (100 * row.boundShare).toFixed(0),
        row.probeShare === null ? '-' : (100 * row.probeShare).toFixed(0),
        row.ratio.toFixed(2),
      ]),
    );
    return measured;
  };

  const figures: Figure[] = [];
  const figure: Bench['figure'] = (group, label, value, unit) => {
    figures.push({ group, name: label, value, unit });
    console.log(`${group}: ${label}: ${value.toPrecision(4)} ${unit}`);
  };

  return {
    engine,
    quick: settings.quick,
    rows,
    wanted: (text) => settings.words.every((word) => text.includes(word)),
    measure,
    figure,
    async finish() {
      if (rows.length === 0 && figures.length === 0) {
        console.error(
          `${name}: nothing was measured: no case has all of "${settings.words.join(' ')}" in its name`,
        );
        process.exitCode = 1;
      } else if (settings.json !== undefined) {
        const { adapter } = engine;
        const report = {
          bench: name,
          adapter,
          software: adapter.software,
          timing,
          versions: versions(),
          date,
          rows,
          figures,
        };
        await writeFileAtomically(settings.json, `${JSON.stringify(report, null, 2)}\n`);
        console.log(`\nwritten: ${settings.json}`);
      }
      engine.destroy();
    },
  };
}
