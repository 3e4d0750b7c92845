/** Run by open.test.ts in a process of its own: opens a GPU, computes on it, and leaves everything to the end of the process. */
import { openGpu } from '../../src/runtime/open.node.ts';
import { square } from './square.ts';

/** In a function, so that nothing but the device stays referenced. */
async function openDevice(): Promise<{ device: GPUDevice; source: string; notes: string[] }> {
  const { adapter, description, notes } = await openGpu();
  return { device: await adapter.requestDevice(), source: description.source, notes };
}

/** Where Node was started with --expose-gc. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const { device, source, notes } = await openDevice();
await collectGarbage();
console.log(`${source}: ${(await square(device)).join(',')}`);
console.log(notes.join('\n'));
