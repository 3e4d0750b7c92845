// `node bench/wsol.ts [--quick] [--json FILE]`: how long box accuracy (MaxBoxAcc and MaxBoxAccV2) takes for an image at all 1,000
// thresholds, and so for 10,000 images on one thread; beside it one contour search a level. Runs on the CPU alone. The sweep is checked
// against single binarisations before anything is timed.
import { BoxAccuracy, scoreLevels } from '../src/eval/box_accuracy.ts';
import { boxOverlap, contourBoxes } from '../src/eval/contours.ts';
import { ContourSweep } from '../src/eval/contour_sweep.ts';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { printTable } from './table.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { resizeScoreMap, normaliseScoreMap } from '../src/eval/score_map.ts';
import type { ScoreMap } from '../src/eval/score_map.ts';
import { writeFileAtomically } from '../src/runtime/atomic_file.node.ts';

const SIDE = 224;
const IMAGES = 10_000;
const BOXES = [{ x0: 40, y0: 30, x1: 170, y1: 190 }];

const { values: options } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const samples = options.quick ? 5 : 40;

/** A random map of side `locations`, scaled up bilinearly as a model's map is. */
function mapOf(locations: number, seed: number): ScoreMap {
  const random = new RandomStream(seed);
  const data = Float32Array.from({ length: locations * locations }, () => random.uniform());
  const small = { height: locations, width: locations, data };
  return normaliseScoreMap(resizeScoreMap(small, SIDE, SIDE), 'minmax');
}

function check(map: ScoreMap): void {
  const levels = scoreLevels(map);
  const sweep = new ContourSweep(SIDE, SIDE);
  for (const which of ['largest', 'all'] as const) {
    const got = sweep.overlaps(levels, BOXES, which);
    for (const t of [0, 31, 128, 200, 254]) {
      const binary = levels.map((level) => (level > t ? 1 : 0));
      const boxes = contourBoxes(binary, SIDE, SIDE, which);
      const wanted = Math.max(...boxes.flatMap((box) => BOXES.map((truth) => boxOverlap(box, truth))));
      if (got[t] !== wanted)
        throw new Error(`the sweep gives ${got[t]} at ${t} (${which}), wanted ${wanted}`);
    }
  }
}

/** Median milliseconds of a call. */
function timed(run: () => void, count: number): number {
  run();
  const times = Array.from({ length: count }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(count / 2)] ?? Number.NaN;
}

const results = [7, 28, 224].map((locations) => {
  const maps = Array.from({ length: 8 }, (_, seed) => mapOf(locations, seed));
  for (const map of maps) check(map);
  let next = 0;
  const take = (): ScoreMap => maps[next++ % maps.length] ?? mapOf(locations, 0);
  const largest = new BoxAccuracy({ contours: 'largest' });
  const all = new BoxAccuracy({ contours: 'all' });
  const single = timed(() => {
    const binary = scoreLevels(take()).map((level) => (level > 96 ? 1 : 0));
    contourBoxes(binary, SIDE, SIDE, 'all');
  }, samples);
  return {
    locations,
    maxBoxAccMilliseconds: timed(() => largest.accumulate(take(), BOXES), samples),
    maxBoxAccV2Milliseconds: timed(() => all.accumulate(take(), BOXES), samples),
    oneBinarisationMilliseconds: single,
  };
});

console.log(
  `${SIDE}x${SIDE} pixels, 1,000 thresholds, milliseconds an image, one thread of ${cpus()[0]?.model ?? ''}`,
);
printTable(
  ['map', 'MaxBoxAcc', 'MaxBoxAccV2', `both, ${IMAGES} images`, '255 searches one by one'],
  results.map(({ locations, maxBoxAccMilliseconds: one, maxBoxAccV2Milliseconds: all, ...rest }) => [
    locations === SIDE ? 'noise' : `${locations}x${locations}`,
    one.toFixed(2),
    all.toFixed(2),
    `${(((one + all) * IMAGES) / 60_000).toFixed(1)} min`,
    (255 * rest.oneBinarisationMilliseconds).toFixed(0),
  ]),
);
if (options.json !== undefined) {
  const content = {
    benchmark: 'wsol',
    date: new Date().toISOString(),
    node: process.version,
    cpu: cpus()[0]?.model,
    results,
  };
  await writeFileAtomically(options.json, `${JSON.stringify(content, null, 2)}\n`);
}
