/** The thread that inputs are tried in: apart, so that one that hangs or takes all memory can be told and ended. */
import type { Attempt, Report, Target } from './target.ts';
import { countAllocations } from './allocations.ts';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { watchAccesses } from './accesses.ts';

/** What the thread is asked: the inputs [first, first + count) of a target. */
export interface FuzzRequest {
  readonly target: string;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
}

export type FuzzReply = { readonly report: Report } | { readonly finding: string };

watchAccesses();
const ledger = countAllocations();
// Only now, so that what they read and allocate is seen.
const { TARGETS } = await import('./targets.ts');
const { chanceOf } = await import('./chance.ts');
const { CalmError } = await import('../../src/runtime/errors.ts');
/** The number of the input at work, for whoever watches. */
const progress = workerData as Int32Array;

const PROTOTYPES = [Object, Array, Function, Map, Set, String, Number, Promise, Uint8Array].map(
  ({ prototype }) => prototype as object,
);
const prototypeKeys = (): number =>
  PROTOTYPES.reduce((sum, object) => sum + Reflect.ownKeys(object).length, 0);

/** Memory that is or just was in use, on the heap and beside it. */
const memory = (): number => {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
};

/** A TypeError of our own code is a bug, however well it is wrapped; those of Node's have a code. */
const isBug = (error: Error): boolean =>
  (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError) &&
  !('code' in error);

/** What is wrong with an error, if anything. */
function complaint(error: unknown, { named }: Target): string | null {
  if (!(error instanceof Error)) return `throws ${String(error)}`;
  // The command line shows those as they are: they name the call and the path.
  if ('syscall' in error) return null;
  if (!(error instanceof CalmError)) return `no error of ours: ${error.stack ?? error.message}`;
  if (!named.test(error.message))
    return `a message that does not name the file: ${error.message.slice(0, 300)}`;
  if (error.message.length > 4000) return `a message of ${error.message.length} characters`;
  for (let cause = error.cause; cause instanceof Error; cause = cause.cause)
    if (isBug(cause)) return `hides a bug: ${cause.stack ?? cause.message}`;
  return null;
}

interface Outcome {
  readonly finding: string | null;
  readonly refused: boolean;
  readonly milliseconds: number;
  readonly share: number;
}

async function tryInput(target: Target, attempt: Attempt): Promise<Outcome> {
  const { multiple, slack } = target.allocation;
  const keys = prototypeKeys();
  const heap = memory();
  ledger.bytes = 0;
  let finding: string | null = null;
  let refused = false;
  const start = performance.now();
  try {
    await attempt.run();
  } catch (error) {
    refused = true;
    finding = complaint(error, target);
  }
  const milliseconds = performance.now() - start;
  const bytes = Math.max(ledger.bytes, memory() - heap);
  const allowed = multiple * attempt.size + slack;
  if (bytes > allowed) finding ??= `allocates ${bytes} bytes for ${attempt.size}, allowed are ${allowed}`;
  if (prototypeKeys() !== keys) finding ??= 'changes a prototype';
  return { finding, refused, milliseconds, share: bytes / allowed };
}

async function fuzz({ target: name, seed, first, count }: FuzzRequest): Promise<FuzzReply> {
  const target = TARGETS.find((each) => each.name === name);
  if (target === undefined) return { finding: `there is no target ${name}` };
  const start = performance.now();
  let refused = 0;
  let slowest = { index: first, milliseconds: 0 };
  let largest = { index: first, share: 0 };
  for (let index = first; index < first + count; index += 1) {
    Atomics.store(progress, 0, index);
    const attempt = target.attempt(chanceOf(seed, name, index));
    const { finding, milliseconds, share, ...outcome } = await tryInput(target, attempt);
    if (finding !== null) return { finding: `input ${index}, ${attempt.size} bytes: ${finding}` };
    if (outcome.refused) refused += 1;
    if (milliseconds > slowest.milliseconds) slowest = { index, milliseconds };
    if (share > largest.share) largest = { index, share };
  }
  const seconds = (performance.now() - start) / 1000;
  return { report: { inputs: count, read: count - refused, refused, seconds, slowest, largest } };
}

parentPort?.on('message', (request: FuzzRequest) => {
  void fuzz(request).then((reply) => parentPort?.postMessage(reply, []));
});
