import { test } from 'vitest';
import type { MpiLauncher } from './launchers.ts';
import { describeMpi, startRanks } from './launchers.ts';
import { hostname } from 'node:os';

// Waited for 2 s, 5 s to answer, a look a second: 9 s at most, and what starting and ending three processes takes.
const PROMISED_SECONDS = 9;
const STARTING_SECONDS = 20;

// They mostly wait: all at once.
const atOnce = { concurrent: true };

const testsOf = (launcher: MpiLauncher): void => {
  const waits = (how: string) => startRanks(launcher, 3, 'hanging_rank.ts', [how]).result;

  // What takes longest first.
  test('is named by rank 1 when it is rank 0', async ({ expect }) => {
    const { code, stderr } = await waits('first');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/calm: rank 0 on \S+ does not answer \(rank 1 has waited/);
  });

  test.for([
    ['before the others meet it', 'busy'],
    ['while values are under way', 'inside'],
  ])('%s, is named with its host, and the job ends in the time stated', async ([, how = ''], { expect }) => {
    const { code, stderr, seconds } = await waits(how);
    expect(code).not.toBe(0);
    const [line, ...others] = stderr.split('\n').filter((text) => text.startsWith('calm:'));
    expect(line).toContain(`calm: rank 2 on ${hostname()} does not answer`);
    expect(others).toEqual([]);
    expect(seconds).toBeLessThan(PROMISED_SECONDS + STARTING_SECONDS);
  });

  test('is told from one that answers but does not come', async ({ expect }) => {
    const { code, stderr } = await waits('late');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/calm: rank 2 on \S+ has come to exchange \d+ only/);
  });

  test('dead, takes the job down at once', async ({ expect }) => {
    const { code, seconds } = await waits('dead');
    expect(code).not.toBe(0);
    // Long before anybody would ask: the launcher sees it.
    expect(seconds).toBeLessThan(STARTING_SECONDS);
  });
};

describeMpi('a rank that falls silent', testsOf, atOnce);
