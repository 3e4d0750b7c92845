/** The cases of one run: who takes part in which, and what came of it. */
import type { Candidate } from './peers/registry.ts';
import type { Case } from './cases.ts';
import type { Measured, Missing, Row } from './report.ts';
import type { Options } from './options.ts';
import type { Peer } from './peers/peer.ts';
import { candidatesOf } from './peers/registry.ts';
import { contest } from './contest.ts';
import { OURS, printCase, rowsOf } from './report.ts';
import { reasonOf } from './peers/peer.ts';

const SAMPLE_MILLISECONDS = { quick: 50, full: 100 };
const ROUNDS = { quick: 3, full: 7 };

const SLOW_TRAINEES = ['tfjs', 'jax-js'];

/** What words on the command line are looked for in. */
export function titleOf({ group, name }: Case): string {
  return `${group}: ${name}`;
}

/** Contenders that are open, and the versions of their packages. */
export class Session {
  readonly rows: Row[] = [];
  readonly missing: Missing[] = [];
  readonly versions: Record<string, string> = {};
  /** Whether a contender's results were other than ours, or we had none. */
  disagreement = false;
  readonly #options: Options;
  readonly #candidates: readonly Candidate[];
  #shared: readonly Peer[] | null = null;

  constructor(options: Options) {
    this.#options = options;
    this.#candidates = candidatesOf(options);
  }

  /** Runs a case, prints its table and keeps its rows. */
  async run(given: Case): Promise<void> {
    const title = titleOf(given);
    const alone = given.group === 'training step';
    const absent: Missing[] = [];
    const open = alone
      ? await this.#open(this.#trainees(given, absent), (candidate) => candidate.openAlone(), absent)
      : await this.#sharedPeers();
    const pace = this.#options.quick ? 'quick' : 'full';
    const rounds = alone ? this.#options.steps : ROUNDS[pace];
    try {
      const { measured, missing, disagreement } = await contest(given, open, {
        rounds,
        sampleMilliseconds: SAMPLE_MILLISECONDS[pace],
      });
      this.disagreement ||= disagreement;
      const peaks = alone ? await closeForPeaks(open) : new Map<string, number>();
      const complete = measured.map((entry): Measured => ({
        ...entry,
        peakMegabytes: peaks.get(entry.contender) ?? null,
      }));
      const rows = rowsOf(given, complete);
      printCase(title, rows, [...absent, ...missing]);
      this.rows.push(...rows);
      this.missing.push(...absent, ...missing);
    } catch (error) {
      if (alone) await closeForPeaks(open);
      this.disagreement = true;
      const failure = { contender: OURS, name: given.name, reason: reasonOf(error) };
      printCase(title, [], [failure]);
      this.missing.push(failure);
    }
  }

  async close(): Promise<void> {
    for (const peer of this.#shared ?? []) await peer.close();
  }

  /** The contenders of all cases but the training step: opened once, on the devices of this process. */
  async #sharedPeers(): Promise<readonly Peer[]> {
    if (this.#shared === null) {
      const absent: Missing[] = [];
      this.#shared = await this.#open(this.#candidates, (candidate) => candidate.open(), absent);
      for (const { contender, reason } of absent) console.log(`${contender} does not take part: ${reason}`);
      this.missing.push(...absent);
    }
    return this.#shared;
  }

  async #open<P extends Peer>(
    candidates: readonly Candidate[],
    open: (candidate: Candidate) => Promise<P>,
    absent: Missing[],
  ): Promise<P[]> {
    const opened: P[] = [];
    for (const candidate of candidates) {
      try {
        const peer = await open(candidate);
        opened.push(peer);
        Object.assign(this.versions, peer.versions);
      } catch (error) {
        if (candidate.name === OURS) throw error;
        absent.push({ contender: candidate.name, name: 'all cases', reason: reasonOf(error) });
      }
    }
    return opened;
  }

  /** Who takes the training step: everybody, but the slow ones only where they are asked for. */
  #trainees({ name }: Case, absent: Missing[]): Candidate[] {
    const invited = this.#options.slowMaps.some((map) => name.endsWith(` ${map}`));
    return this.#candidates.filter((candidate) => {
      if (invited || !SLOW_TRAINEES.includes(candidate.name)) return true;
      const reason = 'takes 10 to 100 s a step on two CPU cores: ask for it with --slow-map';
      absent.push({ contender: candidate.name, name, reason });
      return false;
    });
  }
}

/** Ends processes. Returns their peak memory by name. */
async function closeForPeaks(peers: readonly Peer[]): Promise<Map<string, number>> {
  const peaks = new Map<string, number>();
  for (const peer of peers) {
    try {
      await peer.close();
      if ('peakMegabytes' in peer) peaks.set(peer.name, Number(peer.peakMegabytes));
    } catch (error) {
      console.log(`  ${peer.name} did not end well: ${reasonOf(error)}`);
    }
  }
  return peaks;
}
