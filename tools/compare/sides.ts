/** What `calm compare` puts side by side. */
import type { CheckpointContent } from '../../src/train/checkpoint.ts';
import type { PassInput } from '../../src/train/recorded_pass.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { Head } from '../../src/model/head.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { PASS, recordPass } from '../../src/train/recorded_pass.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { stateNames } from '../../src/model/state_dict.ts';

/** One of the two. */
export interface Side extends CheckpointContent {
  readonly path: string;
  readonly kind: 'recorded pass' | 'checkpoint' | 'weights';
}

export async function readSide(path: string): Promise<Side> {
  const file = await readWeightsFile(path);
  const metadata = checkpointMetadata(file);
  const kind = metadata.has(PASS) ? 'recorded pass' : metadata.has('model') ? 'checkpoint' : 'weights';
  return { path, kind, tensors: file.tensors, metadata };
}

/** The names of a side's tensors in the order in which numbers flow through the network, where that is known. */
export function orderedNames({ kind, tensors, metadata }: Side): readonly string[] {
  let known: readonly string[] = [];
  if (kind === 'recorded pass') {
    const { order } = JSON.parse(metadata.get(PASS) ?? '{}') as { readonly order?: unknown };
    known = Array.isArray(order) ? order.map(String) : [];
  } else if (kind === 'checkpoint') {
    const { configuration } = parseCheckpoint({ tensors, metadata });
    const trunk = buildTrunk(configuration);
    const head = new Head(configuration.head, trunk.channels, configuration.classes);
    const names = stateNames([...trunk.layers, ...head.layers]);
    known = ['', 'velocity.', 'slow.'].flatMap((prefix) => names.map((name) => `${prefix}${name}`));
  }
  const first = known.filter((name) => tensors.has(name));
  const listed = new Set(first);
  return [...first, ...[...tensors.keys()].filter((name) => !listed.has(name))];
}

/** Two images of noise, and two classes: enough to show where two adapters part. */
function noise(side: number, classes: number): PassInput {
  const count = 2;
  const stream = new RandomStream(1);
  const values = Float32Array.from({ length: count * 3 * side * side }, () => stream.uniform(-2, 2));
  return {
    images: encodeTensor(values, [count, 3, side, side]),
    labels: encodeTensor(
      Int32Array.from({ length: count }, (_, image) => image % classes),
      [count],
    ),
  };
}

/** The input of a recorded pass. */
export function inputOf({ path, tensors }: Side): PassInput {
  const tensor = (name: string): SafetensorsTensor => {
    const found = tensors.get(name);
    if (found === undefined) throw new ArgumentError(`${path}: has no ${name}: it is no recorded pass`);
    return found;
  };
  return { images: tensor('input.images'), labels: tensor('input.labels') };
}

/** A checkpoint's pass over an input, or over noise of the size that it was trained on, on an adapter. */
export async function passOf(
  side: Side,
  input: PassInput | null,
  adapter: string | undefined,
): Promise<Side> {
  if (side.kind !== 'checkpoint')
    throw new ArgumentError(`${side.path}: wanted a checkpoint (see calm convert), to run it`);
  const { configuration, state, info } = parseCheckpoint(side);
  const engine = await createEngine({ adapter });
  const model = createModel(engine, configuration);
  try {
    model.loadStateDict(state);
    const { crop } = (info ?? {}) as { readonly crop?: unknown };
    const content = await recordPass(
      model,
      input ?? noise(typeof crop === 'number' ? crop : 224, configuration.classes),
    );
    return { ...content, path: `${side.path} on ${engine.adapter.name}`, kind: 'recorded pass' };
  } finally {
    model.dispose();
    engine.destroy();
  }
}
