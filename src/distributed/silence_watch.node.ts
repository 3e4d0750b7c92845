/**
 * Ends a job in which a rank has fallen silent: hung, stopped, or lost with its host in a way that the launcher does not notice. (That a process
 * has died launchers do notice, and end the job at once.) Whoever has waited too long for the others asks every rank how far it is, names
 * those that do not answer or are behind, and aborts.
 */
import type { MpiLibrary } from './mpi_library.node.ts';

const QUESTION = 17_001;
const ANSWER = 17_002;

/** How often a rank looks whether it is asked. */
const LOOK_MILLISECONDS = 1000;

/** Time for an answer. */
const ANSWER_SECONDS = 5;

/** Launchers that are told to end a job may drop what its ranks have just written: time for them to pass it on. */
export const TELLING_MILLISECONDS = 250;

/** Rank 0 asks. Should it be the silent one, rank 1 asks so much later; and should that one be silent too, anybody ends the job. */
const DEPUTY_SECONDS = 2 * ANSWER_SECONDS;
const ANYBODY_SECONDS = 2 * DEPUTY_SECONDS;

/** Counts exchanges, watches over those that wait for other ranks, and answers those who ask. */
export class SilenceWatch {
  readonly #mpi: MpiLibrary;
  readonly #timeoutSeconds: number;
  readonly #hosts: () => readonly string[];
  readonly #timer: NodeJS.Timeout;
  /** Exchanges that this rank has come to. */
  #exchanges = 0;
  #waitingSince: number | null = null;
  #asked: number | null = null;
  /** What ranks answered: exchanges that they have come to. */
  readonly #answers = new Map<number, number>();
  /** Messages under way, which must not be collected. */
  readonly #sent: unknown[] = [];

  constructor(mpi: MpiLibrary, timeoutSeconds: number, hosts: () => readonly string[]) {
    this.#mpi = mpi;
    this.#timeoutSeconds = timeoutSeconds;
    this.#hosts = hosts;
    this.#timer = setInterval(() => this.#look(), LOOK_MILLISECONDS).unref();
  }

  /** This rank has come to an exchange and waits for the others. */
  begin(): void {
    this.#exchanges += 1;
    this.#waitingSince = performance.now();
  }

  /** All have come. */
  end(): void {
    this.#waitingSince = null;
    this.#asked = null;
    this.#answers.clear();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { rank, size } = this.#mpi;
    for (const asking of [0, 1]) {
      if (asking === rank || asking >= size || !this.#mpi.probe(asking, QUESTION)) continue;
      this.#send(asking, ANSWER, this.#receive(asking, QUESTION).exchange);
    }
    if (this.#waitingSince === null) return;
    const now = performance.now();
    const overdue = (now - this.#waitingSince) / 1000 - this.#timeoutSeconds;
    if (rank > 1) {
      if (overdue > ANYBODY_SECONDS) this.#give('ranks 0 and 1 are silent too');
      return;
    }
    if (overdue < rank * DEPUTY_SECONDS) return;
    if (this.#asked === null) {
      this.#asked = now;
      for (let other = 0; other < size; other++)
        if (other !== rank) this.#send(other, QUESTION, this.#exchanges);
      return;
    }
    for (let other = 0; other < size; other++) {
      if (other === rank) continue;
      while (this.#mpi.probe(other, ANSWER)) {
        const { come, exchange } = this.#receive(other, ANSWER);
        // Else the answer to a question of an exchange that has been done since.
        if (exchange === this.#exchanges) this.#answers.set(other, come);
      }
    }
    if (this.#answers.size === size - 1 || now - this.#asked > 1000 * ANSWER_SECONDS) this.#give(this.#who());
  }

  /** Those that are silent or behind, in words; the silent ones first, for whose sake alone the others may be behind. */
  #who(): string {
    const { rank, size } = this.#mpi;
    const [silent, behind]: [string[], string[]] = [[], []];
    for (let other = 0; other < size; other++) {
      const answer = this.#answers.get(other);
      if (other === rank || (answer !== undefined && answer >= this.#exchanges)) continue;
      const name = `rank ${other} on ${this.#hosts()[other] ?? 'an unknown host'}`;
      if (answer === undefined) silent.push(`${name} does not answer`);
      else behind.push(`${name} has come to exchange ${answer} only`);
    }
    const lines = [...silent, ...behind];
    return lines.length === 0 ? 'all ranks answer and wait too: the network is stuck' : lines.join('; ');
  }

  #give(what: string): void {
    this.stop();
    const { rank } = this.#mpi;
    const waited = `rank ${rank} has waited for ${Math.round((performance.now() - (this.#waitingSince ?? 0)) / 1000)} s`;
    console.error(`calm: ${what} (${waited} at exchange ${this.#exchanges}); the job ends`);
    setTimeout(() => {
      this.#mpi.abort(1);
      // MPI_Abort need not end a process whose launcher has gone.
      process.exit(1);
    }, TELLING_MILLISECONDS);
  }

  #receive(from: number, tag: number): { readonly come: number; readonly exchange: number } {
    const message = new BigInt64Array(2);
    this.#mpi.receive(new Uint8Array(message.buffer), from, tag);
    return { come: Number(message[0]), exchange: Number(message[1]) };
  }

  /** How many exchanges this rank has come to, and the exchange at which the question was asked. */
  #send(to: number, tag: number, exchange: number): void {
    const message = BigInt64Array.of(BigInt(this.#exchanges), BigInt(exchange));
    const request = new BigInt64Array(1);
    this.#sent.push(message, request);
    this.#mpi.startSend(new Uint8Array(message.buffer), to, tag, request);
  }
}
