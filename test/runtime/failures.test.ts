import { expect, test, vi } from 'vitest';
import { DeviceLostError, DisposedError, GpuError, OutOfMemoryError } from '../../src/runtime/errors.ts';
import { Failures } from '../../src/runtime/failures.ts';

const refusal = new GpuError('a command was refused');
const shortage = new OutOfMemoryError('no memory');
const lost = new DeviceLostError('lost');

test('a failure that nobody waits for is told to the next call, once', () => {
  const failures = new Failures();
  failures.report(refusal);
  failures.report(new GpuError('what came of it'));
  expect(() => failures.check('add')).toThrow(refusal);
  failures.check('add');
});

test('a failure is told to all that waited when it came, and to no later call', async () => {
  const failures = new Failures();
  const work = Promise.withResolvers<number>();
  const waiting = [failures.during('read', () => work.promise), failures.during('read', () => work.promise)];
  failures.report(refusal);
  work.resolve(1);
  expect(await Promise.allSettled(waiting)).toMatchObject([{ reason: refusal }, { reason: refusal }]);
  expect(await failures.during('read', () => Promise.resolve(2))).toBe(2);
});

test('what fails of the lack of memory is not told in its place', async () => {
  const failures = new Failures();
  failures.report(refusal);
  failures.report(shortage);
  expect(() => failures.check('add')).toThrow(shortage);
  failures.report(refusal);
  expect(() => failures.check('add')).toThrow(shortage);
  // Something goes well: what fails now has a cause of its own.
  await failures.during('sync', () => Promise.resolve());
  failures.report(refusal);
  expect(() => failures.check('add')).toThrow(refusal);

  // A buffer has been asked for, and what was done with it is refused before the device says that there is none.
  const outcome = Promise.withResolvers<OutOfMemoryError | null>();
  failures.expect(outcome.promise);
  failures.report(refusal);
  failures.check('add');
  outcome.resolve(shortage);
  await outcome.promise;
  expect(() => failures.check('add')).toThrow(shortage);

  await failures.during('sync', () => Promise.resolve());
  failures.expect(Promise.resolve(null));
  failures.report(refusal);
  failures.check('add');
  await Promise.resolve();
  expect(() => failures.check('add')).toThrow(refusal);
});

test('of a lost device the loss is told, though its promises fail before', async () => {
  const failures = new Failures();
  const aborted = failures.during('read', () => Promise.reject(new Error('mapAsync was aborted')));
  await Promise.resolve();
  queueMicrotask(() => queueMicrotask(() => failures.end(() => lost)));
  await expect(aborted).rejects.toBe(lost);
  expect(() => failures.check('add')).toThrow(lost);
});

test('the end comes to all that waits at once, by the name of each', async () => {
  const failures = new Failures();
  const never = new Promise<never>(() => undefined);
  const waiting = ['read', 'sync'].map((operation) => failures.during(operation, () => never));
  failures.end((operation) => new DisposedError(`${operation}: destroyed`));
  expect(
    (await Promise.allSettled(waiting)).map((outcome) => 'reason' in outcome && String(outcome.reason)),
  ).toEqual(['DisposedError: read: destroyed', 'DisposedError: sync: destroyed']);
});

test('an error of the work itself passes through', async () => {
  const failures = new Failures();
  await expect(failures.during('flush', () => Promise.reject(refusal))).rejects.toBe(refusal);
  failures.check('add');
});

test('a failure comes to all that waited, also to those that end after something else has gone well', async () => {
  const failures = new Failures();
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const sync = failures.during('sync', () => first.promise);
  const read = failures.during('read', () => second.promise);
  failures.report(refusal);
  first.resolve();
  await expect(sync).rejects.toBe(refusal);
  expect(await failures.during('flush', () => Promise.resolve(1))).toBe(1);
  second.resolve();
  await expect(read).rejects.toBe(refusal);
});

test('an outcome that never comes is waited for at rest, until the end', async () => {
  const failures = new Failures();
  failures.expect(new Promise<never>(() => undefined));
  const read = failures.during('read', () => Promise.reject(refusal));
  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => void setTimeout(resolve, milliseconds));
  await pause(100);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  await pause(50);
  expect(timers).toHaveBeenCalledTimes(1);
  timers.mockRestore();
  failures.end(() => lost);
  await expect(read).rejects.toBe(lost);
});
