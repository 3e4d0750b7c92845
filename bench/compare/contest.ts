/** One case: contenders are made ready, held to each other, and only then timed. */
import type { Case } from './cases.ts';
import type { Contender, Peer } from './peers/peer.ts';
import type { HostTensors } from './tensors.ts';
import type { Measured, Missing } from './report.ts';
import type { TimingOptions } from './timing.ts';
import { alternate } from './timing.ts';
import { inputsOf } from './cases.ts';
import { reasonOf } from './peers/peer.ts';
import { relativeDeviation } from './tensors.ts';

/** What came of a case. */
export interface ContestResult {
  readonly measured: readonly Omit<Measured, 'peakMegabytes'>[];
  readonly missing: readonly Missing[];
  /** Whether a contender's results were other than ours. */
  readonly disagreement: boolean;
}

interface Entrant {
  readonly name: string;
  readonly contender: Contender;
  readonly deviation: number;
}

/** Repetitions are submitted together: what they hold must not exceed this, at a guess of four times what the case moves. */
const MAXIMUM_BYTES_IN_FLIGHT = 2 ** 30;
const MAXIMUM_REPETITIONS = 100;

/** Results are other than ours. */
class Disagreement extends Error {
  override readonly name = 'Disagreement';
}

/** Largest deviation over all results under the common tolerance. Throws when one is missing or too far off. */
function checkOutputs(
  outputs: HostTensors,
  wanted: HostTensors,
  { tolerance, looserTolerances = {} }: Case,
): number {
  let largest = 0;
  for (const [name, { values }] of Object.entries(wanted)) {
    const own = outputs[name];
    if (own === undefined) throw new Error(`its results lack ${name}`);
    const deviation = relativeDeviation(own.values, values);
    const limit = looserTolerances[name] ?? tolerance;
    if (!(deviation <= limit)) {
      const off = `${deviation.toExponential(1)}, tolerated ${limit.toExponential(1)}`;
      throw new Disagreement(`DISAGREES in ${name} by ${off}`);
    }
    if (limit === tolerance) largest = Math.max(largest, deviation);
  }
  return largest;
}

/** Runs a case. The first peer's results are what the others must agree with. */
export async function contest(
  given: Case,
  peers: readonly Peer[],
  timing: Omit<TimingOptions, 'maximumRepetitions'>,
): Promise<ContestResult> {
  const { work, name, bytes } = given;
  const inputs = inputsOf(work);
  const missing: Missing[] = [];
  const entrants: Entrant[] = [];
  let reference: HostTensors | null = null;
  let disagreement = false;
  const leaveOut = (contender: string, error: unknown): void => {
    missing.push({ contender, name, reason: reasonOf(error) });
  };
  try {
    for (const peer of peers) {
      let contender: Contender | null = null;
      try {
        contender = await peer.prepare(work, inputs);
        const outputs = await contender.outputs();
        reference ??= outputs;
        const deviation = checkOutputs(outputs, reference, given);
        entrants.push({ name: peer.name, contender, deviation });
      } catch (error) {
        // Without ours there is nothing to compare with.
        if (reference === null) throw error;
        disagreement ||= error instanceof Disagreement;
        leaveOut(peer.name, error);
        await contender?.dispose();
      }
    }
    const maximumRepetitions = Math.min(
      MAXIMUM_REPETITIONS,
      Math.floor(MAXIMUM_BYTES_IN_FLIGHT / (4 * bytes)),
    );
    const samples = await alternate(entrants, { ...timing, maximumRepetitions }, (entrant, error) =>
      leaveOut(entrant.name, error),
    );
    const measured = [...samples].map(([entrant, own]) => ({
      contender: entrant.name,
      samples: own,
      deviation: entrant.deviation,
    }));
    return { measured, missing, disagreement };
  } finally {
    for (const { contender } of entrants) await contender.dispose();
  }
}
