/** One table of everything that was measured, in the layout of the paper's tables 1, 2, 3 and figure 5, for four kinds of readers. */
import type { ModelOutcome, MethodOutcome } from './outcome.ts';
import { counted } from './counted.ts';

/** A column; columns of one group stand together under its name. */
export interface Column {
  readonly group: string;
  readonly heading: string;
  readonly digits: number;
  readonly better: 'higher' | 'lower' | 'neither';
}

export interface TableRow {
  readonly model: string;
  readonly method: string;
  /** By column; null where a metric was not measured. */
  readonly values: readonly (number | null)[];
}

export interface ResultTable {
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
  /** By column: what a map that knows nothing gets; null where nobody knows. */
  readonly chance: readonly (number | null)[];
}

interface Measured {
  readonly model: ModelOutcome;
  readonly outcome: MethodOutcome;
}

const REMOVAL = 'relative accuracy %';

type Reader = (measured: Measured) => number | null | undefined;

const finite = (value: number | null | undefined): number | null =>
  value !== null && value !== undefined && Number.isFinite(value) ? value : null;

/** `official`: the released code's running average precision instead of that of each pair. */
export function resultTable(models: readonly ModelOutcome[], official: boolean): ResultTable {
  const measured = models.flatMap((model) => model.methods.map((outcome) => ({ model, outcome })));
  const readers: { readonly column: Column; readonly read: Reader; readonly chance?: Reader }[] = [];
  const add = (
    group: string,
    heading: string,
    better: Column['better'],
    read: Reader,
    more: { digits?: number; chance?: Reader } = {},
  ): void => {
    const { digits = 1, chance } = more;
    readers.push({ column: { group, heading, digits, better }, read, ...(chance ? { chance } : {}) });
  };
  const counts = new Set(
    measured.flatMap(({ outcome }) => outcome.cue?.byDifferingParts.map((row) => row.differingParts) ?? []),
  );
  const cueGroup = official ? 'mPxAP %, official' : 'mPxAP %';
  for (const count of [...counts].toSorted((a, b) => a - b)) {
    add(cueGroup, counted(count, 'part'), 'higher', ({ outcome }) => {
      const row = outcome.cue?.byDifferingParts.find(({ differingParts }) => differingParts === count);
      return official ? row?.runningMeanAveragePrecision : row?.meanAveragePrecision;
    });
  }
  add(
    cueGroup,
    'mean',
    'higher',
    ({ outcome }) =>
      official ? outcome.cue?.runningMeanAveragePrecision : outcome.cue?.meanAveragePrecision,
    { chance: ({ outcome }) => outcome.cue?.chance },
  );
  const shares = measured.find(({ outcome }) => outcome.removal !== null)?.outcome.removal?.points ?? [];
  for (const [i, { share }] of shares.entries()) {
    const percent = Number((100 * share).toFixed(3));
    add(REMOVAL, `${percent} %`, 'lower', ({ outcome }) => outcome.removal?.points[i]?.relativeAccuracy, {
      chance: ({ outcome }) => (outcome.removal === null ? null : 100),
    });
  }
  if (shares.length > 0) {
    add(REMOVAL, 'mean', 'lower', ({ outcome }) => outcome.removal?.meanRelativeAccuracy, {
      chance: ({ outcome }) => (outcome.removal === null ? null : 100),
    });
  }
  add('localisation %', 'MaxBoxAcc', 'higher', ({ outcome }) => outcome.wsol?.boxes?.maxBoxAcc);
  add('localisation %', 'MaxBoxAccV2', 'higher', ({ outcome }) => outcome.wsol?.boxes?.maxBoxAccV2);
  add('localisation %', 'PxAP', 'higher', ({ outcome }) => outcome.wsol?.pixels?.averagePrecision, {
    chance: ({ outcome }) => outcome.wsol?.pixels?.chance,
  });
  add('sharpness', 'area %', 'neither', ({ outcome }) => outcome.sharpness?.effectiveArea, {
    chance: ({ outcome }) => (outcome.sharpness === null ? null : 100),
  });
  add('classification', 'top-1 %', 'higher', ({ model }) => model.classification?.top1);
  add('classification', 'top-5 %', 'higher', ({ model }) => model.classification?.top5);
  add('classification', 'NLL', 'lower', ({ model }) => model.classification?.negativeLogLikelihood, {
    digits: 3,
  });
  add('classification', 'ECE %', 'lower', ({ model }) => model.classification?.expectedCalibrationError);
  const kept = readers.filter(({ read }) => measured.some((one) => finite(read(one)) !== null));
  return {
    columns: kept.map(({ column }) => column),
    rows: measured.map((one) => ({
      model: one.model.name,
      method: one.outcome.method,
      values: kept.map(({ read }) => finite(read(one))),
    })),
    chance: kept.map(({ chance }) =>
      chance === undefined
        ? null
        : (measured.map((one) => finite(chance(one))).find((value) => value !== null) ?? null),
    ),
  };
}

/** A value as it is printed. */
export function cellText(value: number | null, column: Column): string {
  return value === null ? '-' : value.toFixed(column.digits);
}

/** By column whether a row's value, as printed, is the best of at least two different ones. */
export function bestOfColumns(table: ResultTable): readonly (readonly boolean[])[] {
  const best = table.columns.map((column, i) => {
    const values = table.rows
      .map((row) => row.values[i] ?? null)
      .filter((value) => value !== null)
      .map((value) => Number(value.toFixed(column.digits)));
    if (new Set(values).size < 2 || column.better === 'neither') return null;
    return column.better === 'higher' ? Math.max(...values) : Math.min(...values);
  });
  return table.rows.map((row) =>
    row.values.map((value, i) => {
      const digits = table.columns[i]?.digits ?? 1;
      return value !== null && best[i] !== null && Number(value.toFixed(digits)) === best[i];
    }),
  );
}

/** The table with at most three of the shares of erased pixels, and their mean: what fits on a page. */
export function narrowTable(table: ResultTable): ResultTable {
  const shares = table.columns.flatMap(({ group, heading }, i) =>
    group === REMOVAL && heading !== 'mean' ? [i] : [],
  );
  // Of the paper's 10 to 90 %: 10, 30 and 50 %.
  const shown = new Set(shares.length <= 3 ? shares : [shares[0], shares[2], shares[4] ?? shares.at(-1)]);
  const keeps = (i: number): boolean => !shares.includes(i) || shown.has(i);
  return {
    columns: table.columns.filter((_, i) => keeps(i)),
    rows: table.rows.map((row) => ({ ...row, values: row.values.filter((_, i) => keeps(i)) })),
    chance: table.chance.filter((_, i) => keeps(i)),
  };
}

/** Aligned columns for a terminal. */
export function tableAsText(table: ResultTable): string {
  const places = table.columns.map((column, i) => ({ column, i }));
  const names = [...table.rows.map(({ model, method }) => [model, method]), ['(no knowledge)', '']];
  const cells = [
    ['', '', ...places.map(({ column }) => column.heading)],
    ...table.rows.map((row, r) => [
      ...(names[r] ?? []),
      ...places.map(({ column, i }) => cellText(row.values[i] ?? null, column)),
    ]),
    ...(table.chance.some((value) => value !== null)
      ? [
          [
            '(no knowledge)',
            '',
            ...places.map(({ column, i }) =>
              table.chance[i] === null ? '' : cellText(table.chance[i] ?? null, column),
            ),
          ],
        ]
      : []),
  ];
  const widths = (cells[0] ?? []).map((_, c) => Math.max(...cells.map((row) => row[c]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (c < 2 ? cell.padEnd(widths[c] ?? 0) : cell.padStart(widths[c] ?? 0)))
      .join('  ')
      .trimEnd();
  return [groupLine(places, widths), ...cells.map(line)].join('\n');
}

/** Names of the groups over the first of their columns, widening it where they need the room. */
function groupLine(places: readonly { readonly column: Column }[], widths: number[]): string {
  let text = '';
  for (let c = 0; c < places.length; c++) {
    const group = places[c]?.column.group ?? '';
    if (c > 0 && places[c - 1]?.column.group === group) continue;
    let last = c;
    while (places[last + 1]?.column.group === group) last++;
    const span = (): number =>
      widths.slice(c + 2, last + 3).reduce((sum, width) => sum + width, 0) + 2 * (last - c);
    if (span() < group.length) widths[c + 2] = (widths[c + 2] ?? 0) + group.length - span();
    const before = widths.slice(0, c + 2).reduce((sum, width) => sum + width + 2, 0);
    text = text.padEnd(before) + group.padStart(Math.max(span(), group.length));
  }
  return text;
}

/** Comma-separated values with full precision; empty where nothing was measured. */
export function tableAsCsv(table: ResultTable): string {
  const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const head = ['model', 'method', ...table.columns.map(({ group, heading }) => `${group} ${heading}`)];
  const rows = table.rows.map(({ model, method, values }) => [
    model,
    method,
    ...values.map((value) => (value === null ? '' : String(value))),
  ]);
  return [head, ...rows].map((row) => row.map(quoted).join(',')).join('\n') + '\n';
}

const LATEX_ARROWS = { higher: ' $\\uparrow$', lower: ' $\\downarrow$', neither: '' } as const;

/** A `tabular` for the booktabs package; the best of each column bold. */
export function tableAsLatex(table: ResultTable): string {
  const safe = (text: string): string => text.replaceAll(/[&%$#_{}]/g, (letter) => `\\${letter}`);
  const groups: { readonly name: string; count: number }[] = [];
  for (const { group } of table.columns) {
    const last = groups.at(-1);
    if (last?.name === group) last.count++;
    else groups.push({ name: group, count: 1 });
  }
  let first = 3;
  const rules = groups.map(({ count }) => {
    const rule = `\\cmidrule(lr){${first}-${first + count - 1}}`;
    first += count;
    return rule;
  });
  const best = bestOfColumns(table);
  const row = (cells: readonly string[]): string => `${cells.join(' & ')} \\\\`;
  return `${[
    `\\begin{tabular}{ll${'r'.repeat(table.columns.length)}}`,
    '\\toprule',
    row(['', '', ...groups.map(({ name, count }) => `\\multicolumn{${count}}{c}{${safe(name)}}`)]),
    rules.join(' '),
    row([
      'model',
      'method',
      ...table.columns.map(({ heading, better }) => `${safe(heading)}${LATEX_ARROWS[better]}`),
    ]),
    '\\midrule',
    ...table.rows.map(({ model, method, values }, r) =>
      row([
        safe(model),
        safe(method),
        ...values.map((value, c) => {
          const column = table.columns[c];
          const text = column === undefined ? '' : cellText(value, column);
          return best[r]?.[c] === true ? `\\textbf{${text}}` : text;
        }),
      ]),
    ),
    '\\bottomrule',
    '\\end{tabular}',
  ].join('\n')}\n`;
}
