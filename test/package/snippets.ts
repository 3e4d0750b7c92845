/** What pages of three kinds import; the budgets are for these. */

const ENGINE_MODEL_EXPLAIN = [
  'createEngine',
  'createModel',
  'explainCalm',
  'IMAGENET_NORMALIZATION',
  'parseSafetensors',
  'startTape',
  'uploadBatch',
] as const;

const TRAINING = ['createLoader', 'createTrainer', 'evaluate'] as const;

/** A page's entry that uses the names, so that no bundler can leave them out. */
function entry(names: readonly string[]): string {
  return `import { ${names.join(', ')} } from 'calm-webgpu';\nglobalThis.used = [${names.join(', ')}];\n`;
}

/**
 * Each with its budget in bytes of gzip; tfjs's core with its WebGPU backend alone is 135 kB. The first was 60,000 until products got kernels
 * for GPUs, 2.7 kB that make a training step there three times as fast.
 */
export const SNIPPETS = {
  'engine, model and explain': { code: entry(ENGINE_MODEL_EXPLAIN), budget: 63_000 },
  'the same with training': { code: entry([...ENGINE_MODEL_EXPLAIN, ...TRAINING]), budget: 80_000 },
} as const;
