/** What the peers' whole networks share. */
import type { HostTensor, HostTensors } from '../tensors.ts';
import { changeName, SGD, WATCHED_PARAMETERS } from '../work.ts';
import { hostTensor } from '../tensors.ts';
import { inputOf } from './peer.ts';

/** Milliseconds of so many passes, each of which ends with its result on the host, as in real use. */
export async function timeEach(repetitions: number, pass: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  for (let repetition = 0; repetition < repetitions; repetition++) await pass();
  return performance.now() - begin;
}

/** The gradients that a first optimiser step must have seen, from the parameters watched before and after it. */
export async function watchedChanges(
  inputs: HostTensors,
  read: (parameter: string) => Promise<Float32Array>,
): Promise<HostTensors> {
  const changes: Record<string, HostTensor> = {};
  for (const name of WATCHED_PARAMETERS) {
    const { values, shape, layout } = inputOf(inputs, name);
    const after = await read(name);
    const change = values.map((before, index) => (before - (after[index] ?? Number.NaN)) / SGD.learningRate);
    changes[changeName(name)] = hostTensor(change, shape, layout);
  }
  return changes;
}
