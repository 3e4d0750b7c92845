import type { StateDict } from '../state_dict.ts';
import type { TrunkImport } from '../trunk.ts';

/**
 * CALM's Inception-v3 has torchvision's names up to Mixed_6e. What follows there (`Mixed_7*`, `fc`) and aside (`AuxLogits`) is left
 * out; its own A3 layers stay as they are. As the released code has it, images are not rescaled to the range that Google's weights
 * were trained on, which torchvision's `transform_input` does.
 */
export function inceptionFromTorchvision(state: StateDict, kept: readonly string[]): TrunkImport {
  const isTrunk = (name: string): boolean => /^(Conv2d_[1-4]|Mixed_[56])/.test(name);
  return {
    state: new Map([...state].filter(([name]) => isTrunk(name))),
    ignored: [...state.keys()].filter((name) => !isTrunk(name)),
    kept,
  };
}
