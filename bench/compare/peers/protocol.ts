/**
 * How a peer in another process is spoken to: one JSON object a line each way, one answer to a request, tensors as files of
 * raw little-endian float32 with channels last. peers/torch_peer.py and peers/serve.ts answer.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostTensor, HostTensors } from '../tensors.ts';
import type { Work } from '../work.ts';

/** A tensor whose values are in a file. */
export interface StoredTensor {
  readonly name: string;
  readonly shape: HostTensor['shape'];
  readonly layout: HostTensor['layout'];
  readonly file: string;
}

/** What a peer is asked. */
export type Request =
  | { readonly command: 'prepare'; readonly work: Work; readonly inputs: readonly StoredTensor[] }
  /** The results go into files of the folder. */
  | { readonly command: 'outputs'; readonly folder: string }
  | { readonly command: 'time'; readonly repetitions: number }
  | { readonly command: 'dispose' }
  /** The last one: the process then ends. */
  | { readonly command: 'close' };

/** What each request is answered with, and unasked the first line: who the peer is. */
export interface Answers {
  readonly hello: { readonly name: string; readonly versions: Readonly<Record<string, string>> };
  readonly prepare: object;
  readonly outputs: { readonly outputs: readonly StoredTensor[] };
  readonly time: { readonly milliseconds: number };
  readonly dispose: object;
  /** Most memory that the process has had. */
  readonly close: { readonly peakMegabytes: number };
}

/** In place of any answer. */
export interface Failure {
  readonly error: string;
  /** The library has no such operation. */
  readonly notOffered?: boolean;
}

/** Writes tensors into files of a folder. */
export function storeTensors(folder: string, tensors: HostTensors): StoredTensor[] {
  return Object.entries(tensors).map(([name, { values, shape, layout }], index) => {
    const file = join(folder, `${index}.f32`);
    writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return { name, shape, layout, file };
  });
}

/** Reads tensors from their files. */
export function loadTensors(tensors: readonly StoredTensor[]): HostTensors {
  return Object.fromEntries(
    tensors.map(({ name, shape, layout, file }) => {
      const bytes = new Uint8Array(readFileSync(file));
      return [name, { values: new Float32Array(bytes.buffer), shape, layout }];
    }),
  );
}
