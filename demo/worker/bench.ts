/** The head and conv benchmarks of bench/, timed by the clock: a page's timestamps are too coarse. */
import type { BenchGroup } from '../protocol.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Progress } from './scope.ts';
import { convolutionCases } from '../../bench/conv2d_candidates.ts';
import { headCases } from '../../bench/head_candidates.ts';
import { measureCandidates } from '../../bench/measure.ts';

const ROUNDS = { hardware: 9, software: 3 };
/** A software adapter takes a quarter of a minute for one. */
const MOST_CASES = { hardware: Infinity, software: 1 };

/** The small cases of a benchmark, checked and timed; on a software adapter the first of them. */
export async function runBench(
  engine: Engine,
  which: 'head' | 'conv2d',
  progress: Progress,
): Promise<readonly BenchGroup[]> {
  const { software } = engine.capabilities;
  const small =
    which === 'head'
      ? // EM and ML have the same gradient, and so the same times.
        headCases({ quick: true }).filter(({ name }) => name.startsWith('em'))
      : convolutionCases({ quick: true, software });
  const cases = small.slice(0, software ? MOST_CASES.software : MOST_CASES.hardware);
  const results: BenchGroup[] = [];
  for (const [index, { name, prepare }] of cases.entries()) {
    progress(`Measuring ${name}`, index / cases.length);
    const { groups, dispose } = prepare(engine);
    try {
      for (const { title, candidates, ...options } of groups) {
        // On SwiftShader the form that is not chosen takes up to 150 times as long as the one that is.
        const wanted = candidates.filter(({ name }) => !software || !name.includes('not chosen'));
        const lines = await measureCandidates(engine, title, wanted, {
          ...options,
          rounds: software ? ROUNDS.software : ROUNDS.hardware,
          clock: 'wall',
          // They take as long again, and the page shows no share of them.
          probes: false,
        });
        results.push({ title, lines });
      }
    } finally {
      dispose();
      await engine.trim();
    }
  }
  return results;
}
