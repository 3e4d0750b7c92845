// Mean and spread of several runs of the main job, which varies from seed to seed:
//   for seed in 101 102 103; do npm start -- --seed $seed --out runs/$seed --data birdlets-$seed; done
//   node tools/summarise_runs.ts runs/*/results.json [--json FILE]
import type { ClassificationMetrics } from '../src/eval/classification.ts';
import type { CueLocalisationResult } from '../src/eval/cue_localisation.ts';
import type { JobSettings } from './start/settings.ts';
import { parseArgs } from 'node:util';
import { printTable } from '../bench/table.ts';
import { readFileSync } from 'node:fs';
import { spreadOf, spreadText } from './spread.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

/** What `npm start` leaves in results.json, as far as it is read here. */
interface RunResults {
  readonly version: string;
  readonly adapter: { readonly name: string; readonly driver: string };
  readonly settings: JobSettings;
  readonly results: readonly {
    readonly model: string;
    readonly classification: ClassificationMetrics;
    readonly cue: CueLocalisationResult;
  }[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' } },
});
if (positionals.length < 2) {
  console.error('node tools/summarise_runs.ts RESULTS.json RESULTS.json... [--json FILE]');
  process.exit(2);
}
const runs = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as RunResults);

/** Settings that must be alike for runs to be averaged; only the seed may differ. */
function kind({ version, adapter, settings }: RunResults): string {
  const { epochs, batch, train, val, test } = settings;
  return JSON.stringify({ version, adapter: adapter.name, epochs, batch, train, val, test });
}
const kinds = new Set(runs.map(kind));
if (kinds.size > 1) {
  console.error(`These runs are not alike:\n${[...kinds].join('\n')}`);
  process.exit(1);
}

const models = runs[0]?.results.map(({ model }) => model) ?? [];
const summary = models.map((model) => {
  const own = runs.map(({ results }) => {
    const found = results.find((result) => result.model === model);
    if (found === undefined) throw new Error(`a run has no ${model}`);
    return found;
  });
  const byParts = [1, 2, 3].map((parts) => ({
    differingParts: parts,
    ...spreadOf(
      own.map(
        ({ cue }) =>
          cue.byDifferingParts.find(({ differingParts }) => differingParts === parts)?.meanAveragePrecision ??
          Number.NaN,
      ),
    ),
  }));
  return {
    model,
    accuracy: spreadOf(own.map(({ classification }) => classification.top1)),
    negativeLogLikelihood: spreadOf(own.map(({ classification }) => classification.negativeLogLikelihood)),
    byParts,
    meanAveragePrecision: {
      ...spreadOf(own.map(({ cue }) => cue.meanAveragePrecision)),
      runs: own.map(({ cue }) => cue.meanAveragePrecision),
    },
  };
});

const seeds = runs.map(({ settings }) => settings.seed);
console.log(`Seeds ${seeds.join(', ')}; ${runs[0]?.settings.epochs} epochs; mean +- standard deviation`);
printTable(
  ['', 'accuracy %', 'NLL', '1 part', '2 parts', '3 parts', 'mPxAP %'],
  summary.map(({ model, accuracy, negativeLogLikelihood, byParts, meanAveragePrecision }) => [
    model,
    spreadText(accuracy),
    spreadText(negativeLogLikelihood, 3),
    ...byParts.map((part) => spreadText(part)),
    spreadText(meanAveragePrecision),
  ]),
);
if (values.json !== undefined) {
  const { version, adapter, settings } = runs[0] ?? {};
  const { seed: _seed, out: _out, data: _data, models: _models, ...alike } = settings ?? {};
  const date = new Date().toISOString();
  const report = { version, adapter, settings: alike, seeds, date, summary };
  await writeFileAtomically(values.json, `${JSON.stringify(report, null, 2)}\n`);
}
