/** A training run whose every bit is kept, for Node and for a page. */
import type { Engine } from '../../src/runtime/engine.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { patchBatches, smallModel } from '../train/patches.ts';

/** A step's mean loss, and a hash of all parameters after it. */
export interface RecordedStep {
  readonly loss: number;
  readonly parameters: string;
}

/** FNV-1a over the bits of 32-bit numbers, as hexadecimal digits. */
export function hashBits(values: ArrayBufferView): string {
  let hash = 0x811c_9dc5;
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x0100_0193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** Trains a small CALM-EM network from its seed, one batch an epoch, and records every step. */
export async function recordTraining(engine: Engine, steps: number): Promise<RecordedStep[]> {
  const model = smallModel(engine);
  const trainer = createTrainer(model, { learningRate: 0.02 });
  const recorded: RecordedStep[] = [];
  try {
    await trainer.fit({
      epochs: steps,
      stepsPerEpoch: 1,
      train: (epoch) => patchBatches(epoch, 1),
      onEpoch: async ({ loss }) => {
        const values = await engine.read(model.parameters.values);
        recorded.push({ loss, parameters: hashBits(values) });
      },
    });
    return recorded;
  } finally {
    trainer.dispose();
    model.dispose();
  }
}
