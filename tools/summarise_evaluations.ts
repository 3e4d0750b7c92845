// Mean and spread of evaluations of alike checkpoints, one a seed, row by row of their tables:
//   node tools/summarise_evaluations.ts evaluation-11/table.json evaluation-12/table.json... [--json FILE]
import type { AdapterDescription } from '../src/runtime/open.ts';
import type { ResultTable } from '../src/report/result_table.ts';
import { narrowTable } from '../src/report/result_table.ts';
import { parseArgs } from 'node:util';
import { printTable } from '../bench/table.ts';
import { readFileSync } from 'node:fs';
import { spreadOf, spreadText } from './spread.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

/** What `calm evaluate` leaves in table.json, as far as it is read here. */
interface Evaluation {
  readonly version: string;
  readonly adapter: AdapterDescription;
  readonly data: { readonly images: number };
  readonly settings: object;
  readonly table: ResultTable;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'string' } },
});
if (positionals.length < 2) {
  console.error('node tools/summarise_evaluations.ts TABLE.json TABLE.json... [--json FILE]');
  process.exit(2);
}
const evaluations = positionals.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Evaluation);

// Only the checkpoints and their pictures may differ.
const kinds = new Set(
  evaluations.map(({ version, adapter, data, settings }) =>
    JSON.stringify({ version, adapter: adapter.name, images: data.images, settings }),
  ),
);
if (kinds.size > 1) {
  console.error(`These evaluations are not alike:\n${[...kinds].join('\n')}`);
  process.exit(1);
}

const tables = evaluations.map(({ table }) => narrowTable(table));
const nameOf = ({ group, heading }: ResultTable['columns'][number]): string => `${group}: ${heading}`;
// What every table has: a method that one of them lacks has no mean.
const columns = (tables[0]?.columns ?? []).filter((column) =>
  tables.every((table) => table.columns.some((other) => nameOf(other) === nameOf(column))),
);
const rows = (tables[0]?.rows ?? []).flatMap(({ model, method }) => {
  const own = tables.map((table) => table.rows.find((row) => row.model === model && row.method === method));
  if (own.includes(undefined)) return [];
  const figures = columns.map((column) => {
    const runs = tables.map((table, i) => {
      const place = table.columns.findIndex((other) => nameOf(other) === nameOf(column));
      return own[i]?.values[place] ?? null;
    });
    const numbers = runs.filter((value) => value !== null);
    return numbers.length < runs.length ? null : { ...spreadOf(numbers), runs: numbers };
  });
  return [{ model, method, figures }];
});

printTable(
  ['', '', ...columns.map(({ heading }) => heading)],
  rows.map(({ model, method, figures }) => [
    model,
    method,
    ...figures.map((figure, i) => (figure === null ? '-' : spreadText(figure, columns[i]?.digits))),
  ]),
);
if (values.json !== undefined) {
  const { version, adapter, data, settings } = evaluations[0] ?? {};
  const report = {
    version,
    adapter,
    date: new Date().toISOString(),
    images: data?.images,
    settings,
    columns: columns.map(nameOf),
    rows,
  };
  await writeFileAtomically(values.json, `${JSON.stringify(report, null, 1)}\n`);
}
