/** What is printed and written of the measurements. */
import type { AdapterDescription } from '../../src/runtime/open.ts';
import type { Case } from './cases.ts';
import type { Samples } from './timing.ts';
import { geometricMean, medianRatio, quantile } from './timing.ts';
import { printTable } from '../table.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

/** Our engine's name. */
export const OURS = 'ours';

/** A contender in a case. */
export interface Row {
  readonly group: string;
  readonly name: string;
  readonly contender: string;
  /** Median wall time of one repetition. */
  readonly milliseconds: number;
  /** Half the distance between the quartiles, as a part of the median. */
  readonly spread: number;
  readonly samples: number;
  readonly repetitions: number;
  readonly gigabytesPerSecond: number;
  /** 0 where the case counts bytes. */
  readonly gigaflopsPerSecond: number;
  /** This time over ours, within each round, then the median: how many times as fast we are. */
  readonly ratio: number;
  /** Largest difference from our results, as a part of their largest value. */
  readonly deviation: number;
  /** Of a process that did nothing else; null where several share one. */
  readonly peakMegabytes: number | null;
}

/** A contender that is not in a table, and why. */
export interface Missing {
  readonly contender: string;
  readonly name: string;
  readonly reason: string;
}

/** A geometric mean over a group's cases. */
export interface Summary {
  readonly group: string;
  readonly contender: string;
  readonly cases: number;
  readonly ratio: number;
}

/** One contender's measurements in a case. */
export interface Measured {
  readonly contender: string;
  readonly samples: Samples;
  readonly deviation: number;
  readonly peakMegabytes: number | null;
}

/** Makes a case's rows. Ours comes first: what the others are related to. */
export function rowsOf({ group, name, flops, bytes }: Case, measured: readonly Measured[]): Row[] {
  const ours = measured[0]?.samples.milliseconds ?? [];
  return measured.map(({ contender, samples, deviation, peakMegabytes }) => {
    const own = samples.milliseconds;
    const milliseconds = quantile(own, 0.5);
    return {
      group,
      name,
      contender,
      milliseconds,
      spread: (quantile(own, 0.75) - quantile(own, 0.25)) / 2 / milliseconds,
      samples: own.length,
      repetitions: samples.repetitions,
      gigabytesPerSecond: bytes / milliseconds / 1e6,
      gigaflopsPerSecond: flops / milliseconds / 1e6,
      ratio: medianRatio(own, ours),
      deviation,
      peakMegabytes,
    };
  });
}

/** Prints a case's table, and below it who is missing. */
export function printCase(title: string, rows: readonly Row[], missing: readonly Missing[]): void {
  console.log(`\n${title}`);
  const counts = rows.some(({ gigaflopsPerSecond }) => gigaflopsPerSecond > 0) ? 'GFLOP/s' : 'GB/s';
  const peaks = rows.some(({ peakMegabytes }) => peakMegabytes !== null);
  printTable(
    ['', 'ms', '+-%', counts, 'ours is x times as fast', 'deviation', ...(peaks ? ['peak MB'] : [])],
    rows.map((row) => [
      row.contender,
      row.milliseconds.toFixed(2),
      row.samples > 1 ? (100 * row.spread).toFixed(1) : '-',
      (counts === 'GFLOP/s' ? row.gigaflopsPerSecond : row.gigabytesPerSecond).toFixed(2),
      row.ratio.toFixed(2),
      row.contender === OURS ? '-' : row.deviation.toExponential(1),
      ...(peaks ? [(row.peakMegabytes ?? Number.NaN).toFixed(0)] : []),
    ]),
  );
  for (const [reason, entries] of Map.groupBy(missing, ({ reason }) => reason))
    console.log(`  without ${entries.map(({ contender }) => contender).join(', ')}: ${reason}`);
}

/** Geometric means of the ratios, by group and contender. */
export function summarise(rows: readonly Row[]): Summary[] {
  const groups = [...new Set(rows.map(({ group }) => group))];
  const contenders = [...new Set(rows.map(({ contender }) => contender))].filter((name) => name !== OURS);
  return groups.flatMap((group) =>
    contenders.flatMap((contender) => {
      const ratios = rows
        .filter((row) => row.group === group && row.contender === contender)
        .map(({ ratio }) => ratio);
      return ratios.length === 0
        ? []
        : [{ group, contender, cases: ratios.length, ratio: geometricMean(ratios) }];
    }),
  );
}

/** Prints the geometric means, a column for each contender. */
export function printSummary(summary: readonly Summary[]): void {
  if (summary.length === 0) return;
  const contenders = [...new Set(summary.map(({ contender }) => contender))];
  const groups = [...new Set(summary.map(({ group }) => group))];
  console.log('\nOurs is x times as fast: geometric means (number of cases)');
  printTable(
    ['', ...contenders],
    groups.map((group) => [
      group,
      ...contenders.map((contender) => {
        const found = summary.find((entry) => entry.group === group && entry.contender === contender);
        return found === undefined ? '-' : `${found.ratio.toFixed(2)} (${found.cases})`;
      }),
    ]),
  );
}

/** Everything that a file of results holds. */
export interface Report {
  readonly adapter: AdapterDescription;
  readonly versions: Readonly<Record<string, string>>;
  readonly date: string;
  readonly rows: readonly Row[];
  readonly summary: readonly Summary[];
  readonly missing: readonly Missing[];
}

/** What the times are: printed and written with them. */
export const TIMING =
  'wall time of a repetition, several submitted and then waited for; median of alternating samples';

/** Who is missing and why, each reason once: most hold for many cases. */
function groupMissing(missing: readonly Missing[]) {
  const groups = Map.groupBy(missing, ({ contender, reason }) => `${contender}: ${reason}`);
  return [...groups.values()].map((entries) => ({
    contender: entries[0]?.contender,
    reason: entries[0]?.reason,
    cases: entries.length,
    first: entries[0]?.name,
  }));
}

/** Keeps four digits of a number: the clock gives no more, and files stay readable. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}

/** Writes the results as the other benchmarks write theirs. */
export async function writeReport(file: string, { adapter, ...report }: Report): Promise<void> {
  const content = {
    bench: 'compare',
    adapter,
    software: adapter.software,
    timing: TIMING,
    ...report,
    missing: groupMissing(report.missing),
  };
  await writeFileAtomically(file, `${JSON.stringify(content, rounded, 2)}\n`);
}
