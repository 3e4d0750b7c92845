import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collects garbage, and lets finalizers run, until `isDone` (or ten times). */
export async function collectGarbage(isDone: () => boolean = () => false): Promise<void> {
  for (let round = 0; round < 10 && !isDone(); round++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
