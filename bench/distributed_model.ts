/**
 * What data-parallel training of a ResNet-50 should cost on 8 to 1,024 ranks: a model on paper, with the waiting for the slowest rank simulated.
 * `node bench/distributed_model.ts [--json FILE]`. No figure in it was measured on a cluster; docs/distributed.md says what was.
 */
import { orderedSum } from '../src/distributed/communicator.ts';
import { RandomStream } from '../src/runtime/random.ts';
import { writeFileSync } from 'node:fs';

/** Millions of parameters, and share of the backward pass's arithmetic, of the parts of a ResNet-50 in the order of backward. */
const PARTS = [
  { parameters: 2.05, backward: 0.005 },
  { parameters: 14.96, backward: 0.2 },
  { parameters: 7.1, backward: 0.36 },
  { parameters: 1.22, backward: 0.25 },
  { parameters: 0.22, backward: 0.155 },
  { parameters: 0.01, backward: 0.03 },
];
const PARAMETERS = PARTS.reduce((sum, { parameters }) => sum + parameters, 0) * 1e6;
const BATCH_NORMS = 53;
/** Of all batch norms. */
const CHANNELS = 26_560;
const BUCKET_BYTES = 25e6;
/** Forward is a third of a step. */
const FORWARD = 1 / 3;

interface Network {
  readonly name: string;
  /** Of one rank, in bytes and messages a second. */
  readonly bandwidth: number;
  readonly latency: number;
}

const NETWORKS: readonly Network[] = [
  { name: '10 Gbit/s Ethernet', bandwidth: 1.1e9, latency: 30e-6 },
  { name: '100 Gbit/s InfiniBand', bandwidth: 11e9, latency: 2e-6 },
];
/** Seconds of a step on one rank. */
const STEPS = [0.25, 1];
const RANKS = [2, 8, 16, 32, 64, 128, 256, 512, 1024];
/** Between GPU and CPU, in bytes a second. */
const BUS = 10e9;
/** Standard deviation of a rank's time for a step, as a share of it. */
const JITTER = 0.02;

/** Seconds for the sum of `ranks` parts, an element of the result: what the CPU does here, timed. */
function secondsPerAddition(): number {
  const parts = Array.from({ length: 8 }, () => new Float32Array(500_000).fill(1));
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    orderedSum(parts);
    return (performance.now() - start) / 1000 / (8 * 500_000);
  });
  return Math.min(...times);
}

/** When buckets are whole, as shares of backward, with their bytes. */
function buckets(): { readonly at: number; readonly bytes: number }[] {
  const result: { at: number; bytes: number }[] = [];
  let [bytes, at] = [0, 0];
  for (const { parameters, backward } of PARTS) {
    let left = 4e6 * parameters;
    while (bytes + left >= BUCKET_BYTES) {
      const taken = BUCKET_BYTES - bytes;
      at += (backward * taken) / (4e6 * parameters);
      left -= taken;
      result.push({ at, bytes: BUCKET_BYTES });
      bytes = 0;
    }
    at += (backward * left) / (4e6 * parameters);
    bytes += left;
  }
  if (bytes > 0) result.push({ at: 1, bytes });
  return result;
}

/** Seconds for a bucket: everybody gets 1/N of everybody's, adds, and hands it round; both moves take N - 1 messages. */
function exchangeSeconds(bytes: number, ranks: number, network: Network, addition: number): number {
  const moved = (2 * (ranks - 1) * bytes) / ranks / network.bandwidth;
  return moved + 2 * (ranks - 1) * network.latency + (bytes / 4) * addition + (2 * bytes) / BUS;
}

/**
 * Synchronised batch norms, of which nothing is hidden: mean, variance and count of every rank go to every rank in forward, and two averages are
 * summed in backward, in rounds in which messages double.
 */
function batchNormSeconds(ranks: number, { bandwidth, latency }: Network): number {
  const rounds = 2 * BATCH_NORMS * Math.ceil(Math.log2(ranks)) * latency;
  return rounds + (8 * CHANNELS * (ranks + 1)) / bandwidth;
}

/** Seconds from the start of backward to the last sum, the buckets going one behind the other. */
function backwardSeconds(step: number, ranks: number, network: Network, addition: number): number {
  const backward = (1 - FORWARD) * step;
  let free = 0;
  for (const { at, bytes } of buckets())
    free = Math.max(free, at * backward) + exchangeSeconds(bytes, ranks, network, addition);
  return Math.max(free, backward);
}

/** Mean of the slowest of `ranks` times, drawn. */
function slowest(step: number, ranks: number, random: RandomStream): number {
  const draws = 200;
  let sum = 0;
  for (let draw = 0; draw < draws; draw++) {
    let longest = 0;
    for (let rank = 0; rank < ranks; rank++)
      longest = Math.max(longest, step * (1 + JITTER * random.normal()));
    sum += longest;
  }
  return sum / draws;
}

const addition = secondsPerAddition();
const random = new RandomStream(1);
const rows = NETWORKS.flatMap((network) =>
  STEPS.flatMap((step) =>
    RANKS.map((ranks) => {
      const waiting = slowest(step, ranks, random) - step;
      const exposed = backwardSeconds(step, ranks, network, addition) - (1 - FORWARD) * step;
      const synchronised = batchNormSeconds(ranks, network);
      const efficiency = (more: number): number => step / (step + waiting + exposed + more);
      return {
        network: network.name,
        step,
        ranks,
        exposed,
        waiting,
        efficiency: efficiency(0),
        efficiencySynchronised: efficiency(synchronised),
      };
    }),
  ),
);
const percent = (share: number): string => `${(100 * share).toFixed(0)} %`.padStart(5);
console.log(
  `${(PARAMETERS / 1e6).toFixed(1)} million parameters, ${buckets().length} buckets, additions ${(addition * 1e9).toFixed(2)} ns`,
);
for (const { network, step, ranks, exposed, efficiency, efficiencySynchronised } of rows)
  console.log(
    `${network.padEnd(22)} step ${step} s, ${String(ranks).padStart(4)} ranks: exposed ${(1000 * exposed).toFixed(0).padStart(4)} ms, ` +
      `efficiency ${percent(efficiency)}, with synchronised batch norms ${percent(efficiencySynchronised)}`,
  );
const jsonAt = process.argv.indexOf('--json');
if (jsonAt >= 0)
  writeFileSync(
    process.argv[jsonAt + 1] ?? 'distributed_model.json',
    `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), networks: NETWORKS, jitter: JITTER, bus: BUS, addition, rows }, null, 2)}\n`,
  );
