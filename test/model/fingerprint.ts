import type { StateDict } from '../../src/model/state_dict.ts';

/** A number for all bits of 4-byte words (FNV-1a): tens of millions of them are too many for `toEqual`. */
export function fingerprint({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
  let hash = 0x811c9dc5;
  for (const word of new Uint32Array(buffer.slice(byteOffset, byteOffset + byteLength)))
    hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

/** Every tensor's. */
export const fingerprints = (state: StateDict): Map<string, number> =>
  new Map([...state].map(([name, { bytes }]) => [name, fingerprint(bytes)]));
