/** The report's style sheet: one column of text, system fonts, light and dark, nothing loaded from elsewhere. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fdfdfb; --ink: #1d1f24; --faint: #62666f; --rule: #dcdcd6; --wash: #f3f3ee;
  --series-0: #2f6db3; --series-1: #c9581f; --series-2: #25855f; --series-3: #97438f; --series-4: #7d6a14; --series-5: #55595f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #15171b; --ink: #e7e7e3; --faint: #9a9ea8; --rule: #33363d; --wash: #1e2126;
    --series-0: #78b0ee; --series-1: #f0935c; --series-2: #5fc79b; --series-3: #d78fd0; --series-4: #d1bb57; --series-5: #b3b7bf;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 3rem 1.25rem 4rem; max-width: 66rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: clamp(1.6rem, 1.2rem + 2vw, 2.3rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 1rem; text-wrap: balance; }
h2 { font-size: 1.15rem; letter-spacing: -0.005em; margin: 3rem 0 0.9rem; padding-top: 0.9rem; border-top: 1px solid var(--rule); }
p { max-width: 42rem; margin: 0 0 0.8rem; }
p.note { margin-top: 0.9rem; color: var(--faint); font-size: 0.875rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums lining-nums; }
caption { text-align: left; color: var(--faint); font-size: 0.875rem; padding-bottom: 0.6rem; }
caption > span { display: block; position: sticky; left: 0; max-width: min(42rem, calc(100vw - 2.5rem)); }
th, td { padding: 0.45rem 0.7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th:first-child { text-align: left; padding-left: 0; }
thead th { white-space: normal; font-weight: 500; font-size: 0.8125rem; color: var(--faint); vertical-align: bottom; }
tbody th { font-weight: 600; }
th:first-child { position: sticky; left: 0; background: var(--paper); }
sub { font-size: 0.75em; line-height: 0; }
td.best { font-weight: 700; }
td.best::before { content: "\\25B8\\00A0"; color: var(--faint); font-weight: 400; font-size: 0.8em; }
tr.chance th, tr.chance td { color: var(--faint); font-weight: 400; border-bottom: 0; }
dl.models, dl.provenance { display: grid; grid-template-columns: max-content 1fr; gap: 0.3rem 1.2rem; margin: 1.2rem 0 0; font-size: 0.9375rem; }
dt { font-weight: 600; } dl.provenance dt { font-weight: 400; color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.5rem 2rem; }
.chart { width: 100%; height: auto; display: block; font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.chart text { fill: var(--faint); } .chart .chart-title { fill: var(--ink); font-weight: 600; font-size: 13.5px; }
.chart .tick { font-variant-numeric: tabular-nums; font-size: 11.5px; }
.grid { stroke: var(--rule); stroke-width: 1; }
.series { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.series.dashed { stroke-width: 1.5; stroke-dasharray: 1.5 4.5; } .series.end { stroke: none; } .series.dashed.end { display: none; }
${[0, 1, 2, 3, 4, 5].map((i) => `.series-${i} { stroke: var(--series-${i}); } .series-${i}.end { fill: var(--series-${i}); }`).join('\n')}
.legend { list-style: none; margin: 1rem 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; font-size: 0.875rem; }
.key { width: 30px; height: 10px; margin-right: 0.5rem; }
.example { margin: 0 0 1.8rem; }
.example > h3 { font-size: 0.9375rem; font-weight: 600; margin: 0 0 0.5rem; }
.cells { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: 0.7rem 0.6rem; }
figure { margin: 0; } figure img { display: block; width: 100%; height: auto; border-radius: 3px; background: var(--wash); }
figcaption { margin-top: 0.3rem; font-size: 0.8125rem; line-height: 1.3; } figcaption span { color: var(--faint); display: block; }
.bars { display: flex; flex-wrap: wrap; gap: 0.4rem 2.2rem; margin: 0 0 1.4rem; font-size: 0.8125rem; color: var(--faint); }
.bars span { display: inline-flex; align-items: center; gap: 0.55rem; } .bars img { width: 8rem; height: 0.7rem; border-radius: 2px; }
@media (min-width: 34.01rem) { .cells.paired { grid: auto auto / auto-flow minmax(0, 11rem); } }
@media (max-width: 34rem) {
  body { padding: 1.75rem 1rem 3rem; }
  .cells { grid-template-columns: repeat(auto-fill, minmax(6.2rem, 1fr)); }
  .cells.paired { grid-template-columns: repeat(2, 1fr); }
  dl.models, dl.provenance { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 0.5rem; }
}
@media print { body { max-width: none; padding: 0; } .example, .chart, tr { break-inside: avoid; } }
`;
