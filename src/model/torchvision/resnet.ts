import type { StateDict } from '../state_dict.ts';
import type { TrunkImport } from '../trunk.ts';

/** A ResNet's trunk has torchvision's names; all of the file but its classifier is the trunk's. */
export function resnetFromTorchvision(state: StateDict): TrunkImport {
  const isTrunk = (name: string): boolean => /^(conv1|bn1|layer\d+)\./.test(name);
  return {
    state: new Map([...state].filter(([name]) => isTrunk(name))),
    ignored: [...state.keys()].filter((name) => !isTrunk(name)),
    kept: [],
  };
}
