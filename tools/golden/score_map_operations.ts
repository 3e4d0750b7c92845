import type { Check, GoldenFile } from './compare.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Normalisation } from '../../src/eval/score_map.ts';
import { checkLargest, nhwcShape, toNchw, toNhwc } from './compare.ts';
import { gaussianBlur } from '../../src/kernels/gaussian_blur/gaussian_blur.ts';
import { normaliseScoreMap, resizeScoreMap } from '../../src/eval/score_map.ts';
import { startTape } from '../../src/kernels/tape.ts';

function mapOf(golden: GoldenFile, name: string): Parameters<typeof resizeScoreMap>[0] {
  const [height = 0, width = 0] = golden.shape(name);
  return { height, width, data: golden.floats(name) };
}

/** Normalisation, scaling to 224x224, and the blurred baseline, of `scoremap_ops.safetensors`. */
export async function checkScoreMapOperations(engine: Engine, golden: GoldenFile): Promise<Check[]> {
  const checks: Check[] = [];
  for (const name of golden.names.filter((each) => each.startsWith('norm.') && !each.endsWith('.in'))) {
    const [, form, kind = ''] = name.split('.');
    const map = normaliseScoreMap(mapOf(golden, `norm.${form}.in`), kind as Normalisation);
    // Divisions in float32, as officially: one rounding.
    checks.push(equalNumbers(name, map.data, golden.floats(name), 2 ** -23));
  }
  for (const name of golden.names.filter((each) => each.endsWith('.out224'))) {
    const map = resizeScoreMap(mapOf(golden, name.replace('.out224', '.in')), 224, 224);
    checks.push(checkLargest(name, map.data, golden.floats(name), { relative: 1e-6 }));
  }
  checks.push(await checkBlur(engine, golden));
  return checks;
}

/** As `checkLargest`, but a NaN must be a NaN. */
function equalNumbers(name: string, got: Float32Array, wanted: Float32Array, allowed: number): Check {
  const known = (values: Float32Array): Float32Array =>
    values.map((value) => (Number.isNaN(value) ? 1e30 : value));
  const { error } = checkLargest(name, known(got), known(wanted), { relative: 0 });
  return { name, error, allowed };
}

async function checkBlur(engine: Engine, golden: GoldenFile): Promise<Check> {
  const shape = golden.shape('baseline.in');
  const images = engine.tensor(toNhwc(golden.floats('baseline.in'), shape), nhwcShape(shape));
  const tape = startTape(engine, { gradients: false });
  try {
    const blurred = gaussianBlur(tape, images, { kernelSize: 31, sigma: 15 });
    const values = toNchw(await engine.read(blurred), blurred.shape);
    // 62 products of weights that add up to 1.
    const options = { relative: 1e-5, noise: golden.noise('baseline.blur') };
    return checkLargest('baseline.blur', values, golden.floats('baseline.blur'), options);
  } finally {
    tape.end();
    images.dispose();
  }
}
