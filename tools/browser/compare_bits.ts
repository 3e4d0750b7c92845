// Compares Node with headless Chromium on one software adapter (SwiftShader): every kernel case and twenty training steps, bit for
// bit. `npm run compare:chromium`; ends with 1 where anything differs.
import type { RecordedStep } from '../../test/browser/recorded_training.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { findChromium } from './find_chromium.ts';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { launchChromium } from './launch.ts';
import { operationsOf, recordCases } from '../../test/browser/recorded_cases.ts';
import { printTable } from '../../bench/table.ts';
import { recordTraining } from '../../test/browser/recorded_training.ts';
import { runInPage } from './run_in_page.ts';

const root = join(import.meta.dirname, '..', '..');
const STEPS = 20;

interface Recorded {
  readonly steps: RecordedStep[];
  readonly cases: Record<string, string>;
}

const files = globSync('src/kernels/*/cases.ts', { cwd: root }).toSorted();

const PAGE = `
import { createEngine } from './src/runtime/create_engine.ts';
import { operationsOf, recordCases } from './test/browser/recorded_cases.ts';
import { recordTraining } from './test/browser/recorded_training.ts';
${files.map((file, i) => `import * as cases${i} from './${file}';`).join('\n')}
export async function run() {
  const engine = await createEngine();
  const operations = [${files.map((_, i) => `cases${i}`).join(', ')}].flatMap(operationsOf);
  const steps = await recordTraining(engine, ${STEPS});
  const cases = await recordCases(engine, operations);
  engine.destroy();
  return { steps, cases };
}
`;

async function onNode(): Promise<Recorded> {
  const modules = await Promise.all(
    files.map((file) => import(join(root, file)) as Promise<Record<string, unknown>>),
  );
  const engine = await createEngine({ adapter: 'swiftshader' });
  try {
    const steps = await recordTraining(engine, STEPS);
    return { steps, cases: await recordCases(engine, modules.flatMap(operationsOf)) };
  } finally {
    engine.destroy();
  }
}

const found = findChromium();
if (typeof found === 'string') {
  console.error(found);
  process.exit(1);
}
const node = await onNode();
const browser = await launchChromium(found);
let page: Recorded;
const version = browser.version();
try {
  page = (await runInPage(browser, PAGE, root)) as Recorded;
} finally {
  await browser.close();
}

console.log(`Node ${process.version} and Chromium ${version}, both on SwiftShader\n`);
printTable(
  ['step', 'loss on Node', 'loss in Chromium', 'parameters'],
  node.steps.map(({ loss, parameters }, i) => {
    const other = page.steps[i];
    return [
      String(i + 1),
      String(loss),
      String(other?.loss),
      other?.loss === loss && other.parameters === parameters ? 'same bits' : 'DIFFERENT',
    ];
  }),
);
const names = Object.keys(node.cases);
const different = names.filter((name) => node.cases[name] !== page.cases[name]);
console.log(`\n${names.length} kernel cases, ${different.length} with other bits`);
for (const name of different)
  console.log(`  ${name}: ${node.cases[name]} on Node, ${page.cases[name]} in Chromium`);
const stepsDiffer = JSON.stringify(node.steps) !== JSON.stringify(page.steps);
process.exitCode = different.length > 0 || stepsDiffer || node.steps.length !== STEPS ? 1 : 0;
