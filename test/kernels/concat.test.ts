import { expect, test } from 'vitest';
import { concatCases } from '../../src/kernels/concat/cases.ts';
import { concatChannels } from '../../src/kernels/concat/concat.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describeOp } from './describe_op.ts';
import { startTape } from '../../src/kernels/tape.ts';

describeOp(concatCases);

test('concatChannels: misuse names the argument', async () => {
  const engine = await createEngine();
  const tape = startTape(engine);
  try {
    expect(() => concatChannels(tape, [])).toThrow(/concatChannels: inputs is empty/);
    expect(() => concatChannels(tape, [engine.zeros([2, 3, 4]), engine.zeros([3, 2, 4])])).toThrow(
      /concatChannels: shape of inputs\[1\] is \[3,2,4\], wanted \[2,3,channels\]/,
    );
    expect(() => concatChannels(tape, [engine.zeros([])])).toThrow(/concatChannels: shape of inputs\[0\]/);
  } finally {
    tape.end();
    engine.destroy();
  }
});

test('concatChannels joins a tensor with itself and adds both gradients', async () => {
  const engine = await createEngine();
  const tape = startTape(engine);
  try {
    const input = engine.tensor(Float32Array.of(1, 2, 3, 4), [2, 2], { requiresGradient: true });
    const output = concatChannels(tape, [input, input]);
    expect([...(await engine.read(output))]).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    tape.backward(output, engine.tensor(Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8), [2, 4]));
    const gradient = tape.gradient(input);
    expect(gradient === null ? null : [...(await engine.read(gradient))]).toEqual([4, 6, 12, 14]);
  } finally {
    tape.end();
    engine.destroy();
  }
});
