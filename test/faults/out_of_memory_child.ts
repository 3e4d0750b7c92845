/** Run by out_of_memory.test.ts under a limit of its memory: `node out_of_memory_child.ts unlimited|default|shared`. */
import { createEngine } from '../../src/runtime/create_engine.ts';
import type { Tensor } from '../../src/runtime/tensor.ts';

const options = { unlimited: { memoryLimit: Infinity }, default: {}, shared: { processes: 2 } };
const mode = process.argv[2] as keyof typeof options;
const engine = await createEngine(options[mode]);
const many: Tensor[] = [];
try {
  for (let i = 0; i < 8; i++) many.push(engine.empty([2 ** 27]));
  await engine.sync();
} catch (error) {
  console.log(String(error));
}
await engine.sync().catch(() => undefined);
for (const tensor of many) tensor.dispose();
await engine.trim();
const x = engine.tensor(Float32Array.of(1, 2, 3, 4), [4]);
console.log(`then ${(await engine.read(x)).join()}`);
engine.destroy();
