/** What bench/distributed.ts measures: samples of its settings, kept in a file from one call to the next, and what they come to. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { median } from './training_setting.ts';
import { printTable } from './table.ts';
import { versions } from '../tools/version.ts';

export interface Setting {
  readonly architecture: string;
  /** Of the images, which are square. */
  readonly side: number;
  /** Of a rank and step. */
  readonly images: number;
  readonly steps: number;
  readonly ranks: number;
  readonly launcher: string | null;
  readonly exchange: boolean;
  /** Milliseconds by which every sum is held up. */
  readonly delay: number;
}

/** A run of a setting, of the slower rank: the median of its steps, and means of the rest. */
export interface Sample {
  readonly setting: Setting;
  /** Milliseconds of a step; in sums, from a bucket's arrival at the CPU to its sum; and of the processor's time for all of it. */
  readonly step: number;
  readonly sums: number;
  readonly processor: number;
  /** Of gradients. */
  readonly bytes: number;
}

interface Result extends Setting {
  readonly millisecondsPerStep: number;
  readonly sumMillisecondsPerStep: number;
  readonly processorMillisecondsPerStep: number;
  readonly bytesPerStep: number;
  /** Against one rank alone, and against two without exchange. */
  readonly efficiency: number;
  readonly efficiencyOfExchange: number;
  /** Share of a step that lies between a bucket's arrival and its sum. */
  readonly shareInSums: number;
  /** Of that time, the share in which the step went on: what the exchange adds to the step, copies to and from the CPU included, against it. */
  readonly overlap: number;
  readonly samples: readonly number[];
}

interface Content {
  readonly bench: 'distributed';
  readonly date: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly adapter: unknown;
  readonly results: readonly Result[];
  readonly samples: readonly Sample[];
}

function summarise(samples: readonly Sample[]): Result[] {
  const groups = Map.groupBy(samples, ({ setting }) => JSON.stringify(setting));
  const results = [...groups.values()].map((group) => {
    const middle = (of: (sample: Sample) => number): number => median(group.map(of));
    const [first] = group;
    if (first === undefined) throw new Error('a group has a sample');
    return {
      ...first.setting,
      millisecondsPerStep: middle(({ step }) => step),
      sumMillisecondsPerStep: middle(({ sums }) => sums),
      processorMillisecondsPerStep: middle(({ processor }) => processor),
      bytesPerStep: first.bytes,
      samples: group.map(({ step }) => step),
    };
  });
  return results.map((result) => {
    const { architecture, side, images, millisecondsPerStep: step, sumMillisecondsPerStep: sums } = result;
    const of = (ranks: number): number =>
      results.find(
        (other) =>
          other.architecture === architecture &&
          other.side === side &&
          other.images === images &&
          other.ranks === ranks &&
          !other.exchange,
      )?.millisecondsPerStep ?? Number.NaN;
    return {
      ...result,
      efficiency: of(1) / step,
      efficiencyOfExchange: of(2) / step,
      shareInSums: sums / step,
      overlap: sums === 0 ? 0 : Math.max(0, 1 - (step - of(2)) / sums),
    };
  });
}

/** Adds samples to those of a file, which is written anew; without one they are only summarised. */
export function addSamples(
  file: string | undefined,
  adapter: unknown,
  samples: readonly Sample[],
): readonly Result[] {
  const before =
    file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Content) : null;
  const all = [...(before?.samples ?? []), ...samples];
  const results = summarise(all);
  if (file !== undefined) {
    const content: Content = {
      bench: 'distributed',
      date: new Date().toISOString(),
      versions: versions,
      adapter: adapter ?? before?.adapter,
      results,
      samples: all,
    };
    writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
  }
  return results;
}

export function printResults(results: readonly Result[]): void {
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  printTable(
    ['network', 'images', 'ranks', 'ms a step', 'efficiency', 'of two apart', 'in sums', 'overlap', 'CPU ms'],
    results.map((result) => [
      `${result.architecture} ${result.side}x${result.side}`,
      String(result.images),
      result.launcher === null
        ? '1'
        : `2, ${result.launcher}${result.exchange ? '' : ', apart'}${result.delay > 0 ? `, sums ${result.delay} ms later` : ''}`,
      result.millisecondsPerStep.toFixed(0),
      percent(result.efficiency),
      percent(result.efficiencyOfExchange),
      percent(result.shareInSums),
      percent(result.overlap),
      result.processorMillisecondsPerStep.toFixed(0),
    ]),
  );
}
