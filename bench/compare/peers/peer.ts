/** What the harness wants of a library that takes part. */
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { Work } from '../work.ts';

/** A computation that a peer has ready. */
export interface Contender {
  /** Runs once, compiling what has to be compiled, and reads the results, named as by every other peer. */
  outputs(): Promise<HostTensors>;
  /** Milliseconds of so many repetitions: all submitted, then waited for without keeping a core busy. */
  time(repetitions: number): Promise<number>;
  dispose(): void | Promise<void>;
}

/** A library with a device. */
export interface Peer {
  readonly name: string;
  /** Versions of its packages. */
  readonly versions: Readonly<Record<string, string>>;
  /** @throws NotOffered when the library cannot compute this */
  prepare(work: Work, inputs: HostTensors): Promise<Contender>;
  close(): void | Promise<void>;
}

/** A peer has no such operation; the message says why, as a part of a sentence. */
export class NotOffered extends Error {
  override readonly name = 'NotOffered';
}

/** The input of that name. */
export function inputOf(inputs: HostTensors, name: string): HostTensor {
  const found = inputs[name];
  if (found === undefined) throw new Error(`the case has no input ${name}`);
  return found;
}

/** An error in one line, without the path that Node adds when a package is missing. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line = ''] = text.split('\n', 1);
  return line.replace(/ imported from .*/, '').slice(0, 300);
}
