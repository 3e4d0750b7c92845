import { judge } from './judge.wgsl.ts';
import { raceCase as raceCaseOf } from '../race_case.ts';

/** What `judge` brings together, one word of it set. */
export const raceCase = raceCaseOf(judge, {
  buffers: {
    found: Uint32Array.from({ length: 128 }, (_, word) => (word === 77 ? 1 : 0)),
    loss: Float32Array.of(1),
    verdict: new Uint32Array(1),
  },
  params: { count: 128 },
  workgroups: [1, 1, 1],
});
