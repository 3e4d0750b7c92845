import type { MpiLibrary } from '../../src/distributed/mpi_library.node.ts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SilenceWatch } from '../../src/distributed/silence_watch.node.ts';

const QUESTION = 17_001;

/** Rank 0 of so many: what it sends, and what rank 1 has answered; others do not. */
function connect(size = 2) {
  const sent: { readonly tag: number; readonly numbers: readonly number[] }[] = [];
  const inbox: bigint[][] = [];
  const abort = vi.fn();
  const mpi = {
    ...{ rank: 0, size, abort },
    startSend: (bytes: Uint8Array, _to: number, tag: number) =>
      void sent.push({ tag, numbers: [...new BigInt64Array(bytes.slice().buffer)].map(Number) }),
    probe: (from: number, tag: number) => from === 1 && tag !== QUESTION && inbox.length > 0,
    receive: (bytes: Uint8Array) => {
      const numbers = BigInt64Array.from(inbox.shift() ?? []);
      expect(bytes.length).toBe(numbers.byteLength);
      bytes.set(new Uint8Array(numbers.buffer));
    },
  } as unknown as MpiLibrary;
  return { sent, inbox, abort, watch: new SilenceWatch(mpi, 10, () => ['here', 'there', 'elsewhere']) };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('every exchange asks anew, and does not take an old answer for one to its question', () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { sent, inbox, abort, watch } = connect();
  watch.begin();
  vi.advanceTimersByTime(12_000);
  expect(sent).toEqual([{ tag: QUESTION, numbers: [1, 1] }]);
  // Rank 1 comes late; its answer is under way still.
  watch.end();
  watch.begin();
  vi.advanceTimersByTime(8000);
  expect(sent).toHaveLength(1);
  vi.advanceTimersByTime(4000);
  expect(sent[1]).toEqual({ tag: QUESTION, numbers: [2, 2] });
  inbox.push([0n, 1n]);
  vi.advanceTimersByTime(1000);
  expect(abort).not.toHaveBeenCalled();
  inbox.push([1n, 2n]);
  vi.advanceTimersByTime(2000);
  expect(abort).toHaveBeenCalledOnce();
  expect(exit).toHaveBeenCalledOnce();
  expect(error.mock.calls[0]?.[0]).toContain('rank 1 on there has come to exchange 1 only');
});

test('a rank that is silent is named before one that is behind, perhaps for its sake', () => {
  vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const error = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const { inbox, watch } = connect(3);
  watch.begin();
  watch.end();
  watch.begin();
  vi.advanceTimersByTime(12_000);
  inbox.push([1n, 2n]);
  vi.advanceTimersByTime(7000);
  expect(error).toHaveBeenCalledOnce();
  expect(error.mock.calls[0]?.[0]).toContain(
    'calm: rank 2 on elsewhere does not answer; rank 1 on there has come to exchange 1 only (',
  );
});
