// Ends training runs badly at random moments and carries them on. Ends with 1 unless every one came out as if nothing had happened: the
// same weights to the bit, no line of the log and no point of the curves twice or lost.
//   node test/faults/kill.ts [--kills 100] [--seed 1] [--json FILE]
import { Command } from 'commander';
import { join } from 'node:path';
import { mkdtemp, rm } from 'node:fs/promises';
import { FAULTS, RunKiller } from './killed_runs.ts';
import { tmpdir } from 'node:os';
import { versions } from '../../tools/version.ts';
import { wholeNumber } from '../../tools/options.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

const program = new Command('kill')
  .description(
    'end training runs badly at random moments, carry them on, and compare them with one left alone',
  )
  .option('--kills <count>', 'how often', wholeNumber(1), 100)
  .option('--seed <number>', 'of what is done and when', wholeNumber(0), 1)
  .option('--json <file>', 'keep what came of it')
  .parse();
const { kills, seed, json } = program.opts<{ kills: number; seed: number; json?: string }>();
const root = await mkdtemp(join(tmpdir(), 'calm-kill-'));
try {
  const results = await new RunKiller(root, seed).run(kills, FAULTS, (done) =>
    console.log(`${done} faults so far`),
  );
  const { faults, halfWritten, fallbacks, runs, wrong } = results;
  console.log(`seed ${seed}: ${kills} faults in ${runs} runs`);
  for (const [fault, count] of Object.entries(faults)) console.log(`  ${String(count).padStart(4)} ${fault}`);
  console.log(
    `${halfWritten} left a file half written; ${fallbacks} sessions went on from the checkpoint before the last`,
  );
  for (const line of wrong) console.error(line);
  if (json !== undefined) {
    const about = { benchmark: 'kill', date: new Date().toISOString(), versions, seed, kills };
    await writeFileAtomically(json, `${JSON.stringify({ ...about, ...results }, null, 2)}\n`);
  }
  console.log(wrong.length === 0 ? 'all ended as if nothing had happened' : `${wrong.length} WRONG`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await rm(root, { recursive: true, force: true });
}
