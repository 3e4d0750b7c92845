/** What the page of an evaluation adds to the report's style sheet. */
export const EVALUATION_STYLE = `
body { max-width: 80rem; }
a { color: var(--series-0); text-underline-offset: 0.15em; }
table.results { font-size: 0.8125rem; }
table.results th, table.results td { padding: 0.35rem 0.36rem; }
table.results thead th { font-size: 0.75rem; }
table.results thead th { white-space: nowrap; }
th.group { text-align: center; color: var(--ink); border-left: 1px solid var(--rule); }
td.method { text-align: left; } table.results thead tr:nth-child(2) th:nth-child(2) { text-align: left; }
tr.first > * { border-top: 1px solid var(--faint); }
.plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 2.2rem 2.4rem; }
.plot .legend { gap: 0.1rem 0.4rem; margin-top: 0.5rem; }
.plot button { font: inherit; font-size: 0.8125rem; color: inherit; background: none; border: 0; border-radius: 3px; padding: 0.15rem 0.35rem; cursor: pointer; }
.plot button:hover, .plot button:focus-visible { background: var(--wash); }
.plot button[aria-pressed="false"] { opacity: 0.4; }
.plot output { font-variant-numeric: tabular-nums; font-weight: 600; display: inline-block; min-width: 2.4em; text-align: right; }
.plot .series { stroke-width: 1.8; } .plot .series.off { display: none; }
.plot figcaption { color: var(--faint); max-width: 34rem; } .plot .reading { display: inline; color: var(--ink); }
.cursor { stroke: var(--faint); stroke-width: 1; visibility: hidden; } .cursor.on { visibility: visible; }
.controls { position: sticky; top: 0; z-index: 2; display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; align-items: center; padding: 0.6rem 0; margin-bottom: 0.8rem; background: var(--paper); border-bottom: 1px solid var(--rule); font-size: 0.875rem; }
.controls label { display: inline-flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.7rem; }
.controls input[type="range"] { width: 14rem; accent-color: var(--series-0); } .controls select { font: inherit; max-width: 16rem; }
.controls output { min-width: 4.5em; font-variant-numeric: tabular-nums; font-weight: 600; }
.gallery .cells { grid-template-columns: repeat(auto-fill, minmax(9.6rem, 1fr)); }
.gallery canvas { display: block; width: 100%; height: auto; border-radius: 3px; background: var(--wash); }
.gallery figcaption output { display: block; color: var(--ink); font-size: 0.75rem; font-variant-numeric: tabular-nums; min-height: 1em; }
.gallery h3 small { font-weight: 400; color: var(--faint); margin-left: 0.5rem; overflow-wrap: anywhere; }
figure[hidden] { display: none; }
@media print { .controls { display: none; } }
`;
