import type { ModelConfiguration } from './configuration.ts';
import type { StateDict } from './state_dict.ts';
import { ArgumentError } from '../runtime/errors.ts';
import { buildTrunk } from './architectures.ts';
import { elementCount } from '../runtime/shape.ts';
import { Head } from './head.ts';
import { parametersOf } from './layers.ts';

/** How many numbers a model of this configuration learns. Makes none of them. */
function parameterCount(configuration: ModelConfiguration): number {
  const { channels, layers } = buildTrunk(configuration);
  const head = new Head(configuration.head, channels, configuration.classes);
  return [...layers, ...head.layers]
    .flatMap(parametersOf)
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

/** Numbers that a model may have beyond those that came with it: 128 MiB of them, so that a part of a small network's state will do. */
const SLACK = 2 ** 25;

/**
 * Refuses a configuration that a state does not have the numbers for, before memory for them is taken: a checkpoint of a kilobyte may
 * describe a network of any size.
 * @throws ArgumentError
 */
export function checkHeld(configuration: ModelConfiguration, state: StateDict): void {
  let held = 0;
  for (const { shape } of state.values()) held += elementCount(shape);
  if (parameterCount(configuration) > held + SLACK)
    throw new ArgumentError(
      `checkpoint: its tensors hold ${held} numbers, far fewer than the parameters of the model that it describes`,
    );
}
