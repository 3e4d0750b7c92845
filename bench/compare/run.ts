// Our engine beside TensorFlow.js, jax-js, ONNX Runtime and PyTorch: the same computations, held to each other, timed in turn.
//   npm ci --prefix bench/compare
//   node bench/compare/run.ts [PART OF A CASE'S NAME...] [--quick] [--json FILE] [--peers tfjs,jax,ort,torch]
// See README.md beside it for what is compared and what to know when reading the numbers.
import { createRequire } from 'node:module';
import type { Options } from './options.ts';
import { cases } from './cases.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { parseOptions } from './options.ts';
import { printSummary, summarise, TIMING, writeReport } from './report.ts';
import { Session, titleOf } from './session.ts';

function ownVersions(): Record<string, string> {
  const require = createRequire(import.meta.url);
  const version = (path: string): string => (require(path) as { version: string }).version;
  return {
    'calm-webgpu': version('../../package.json'),
    node: process.version,
    webgpu: version('webgpu/package.json'),
  };
}

async function describeAdapter() {
  const engine = await createEngine();
  const { adapter } = engine;
  engine.destroy();
  return adapter;
}

async function main(options: Options): Promise<void> {
  const adapter = await describeAdapter();
  const date = new Date().toISOString();
  const software = adapter.software ? ', SOFTWARE: computed on the CPU' : '';
  console.log(`compare: ${adapter.name} (${adapter.backend}; ${adapter.driver})${software}`);
  console.log(`timing: ${TIMING}; ${date}`);
  const session = new Session(options);
  const wanted = cases.filter(
    (given) =>
      options.words.every((word) => titleOf(given).includes(word)) && (given.quick || !options.quick),
  );
  if (wanted.length === 0) console.log('no case has all these words in its name: see --list');
  for (const given of wanted) await session.run(given);
  await session.close();
  const summary = summarise(session.rows);
  printSummary(summary);
  const versions = { ...ownVersions(), ...session.versions };
  console.log(`\n${JSON.stringify(versions)}`);
  if (options.json !== undefined) {
    const { rows, missing } = session;
    await writeReport(options.json, { adapter, versions, date, rows, summary, missing });
    console.log(`written: ${options.json}`);
  }
  if (session.disagreement) process.exitCode = 1;
}

const options = parseOptions(cases.map(titleOf));
if (options !== null) await main(options);
// Libraries that keep a device open would keep the process.
process.exit();
