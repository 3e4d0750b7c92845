/** What `calm compare` puts side by side. */
import type { Checkpoint, CheckpointContent } from '../../src/train/checkpoint.ts';
import type { PassInput } from '../../src/train/recorded_pass.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { buildTrunk } from '../../src/model/architectures.ts';
import { checkpointMetadata } from '../../src/train/foreign_checkpoint.ts';
import { checkpointOf, naming } from '../../src/train/checkpoint.node.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { createModel } from '../../src/model/model.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';
import { Head } from '../../src/model/head.ts';
import { imagesInfo, isTexts } from '../training/checkpoint_info.ts';
import { PASS, recordPass } from '../../src/train/recorded_pass.ts';
import { quote } from '../../src/model/safetensors_header.ts';
import { RandomStream } from '../../src/runtime/random.ts';
import { readWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { SLOW, VELOCITY } from '../../src/train/checkpoint.ts';
import { stateNames } from '../../src/model/state_dict.ts';

/** One of the two. */
export interface Side extends CheckpointContent {
  readonly path: string;
  readonly kind: 'recorded pass' | 'checkpoint' | 'weights';
  /** What a checkpoint holds. */
  readonly checkpoint: Checkpoint | null;
  /** The names of tensors in the order in which numbers flow through the network; empty where that is not known. */
  readonly order: readonly string[];
}

/**
 * Reads one of the two.
 * @throws WeightsFileError when the file cannot be read; ArgumentError naming it when its metadata or its checksum are wrong
 */
export async function readSide(path: string): Promise<Side> {
  const file = await readWeightsFile(path);
  const metadata = checkpointMetadata(file);
  const kind = metadata.has(PASS) ? 'recorded pass' : metadata.has('model') ? 'checkpoint' : 'weights';
  const checkpoint = kind === 'checkpoint' ? checkpointOf(path, file) : null;
  const order =
    kind === 'recorded pass'
      ? naming(path, () => passOrder(metadata))
      : checkpoint === null
        ? []
        : checkpointOrder(checkpoint);
  return { path, kind, tensors: file.tensors, metadata, checkpoint, order };
}

/** What a recorded pass says of its order; passes of other programs say nothing. */
function passOrder(metadata: ReadonlyMap<string, string>): readonly string[] {
  const text = metadata.get(PASS) ?? '{}';
  let pass: unknown;
  try {
    pass = JSON.parse(text);
  } catch (error) {
    throw new ArgumentError(`the metadata '${PASS}' are ${quote(text)}, which is no JSON`, { cause: error });
  }
  if (typeof pass !== 'object' || pass === null)
    throw new ArgumentError(`the metadata '${PASS}' are ${quote(pass)}, wanted an object`);
  const { order = [] } = pass as { readonly order?: unknown };
  if (!isTexts(order))
    throw new ArgumentError(
      `the metadata '${PASS}' have the order ${quote(order)}, wanted a list of the names of tensors`,
    );
  return order;
}

function checkpointOrder({ configuration }: Checkpoint): readonly string[] {
  const trunk = buildTrunk(configuration);
  const head = new Head(configuration.head, trunk.channels, configuration.classes);
  const names = stateNames([...trunk.layers, ...head.layers]);
  return ['', VELOCITY, SLOW].flatMap((prefix) => names.map((name) => `${prefix}${name}`));
}

/** The names of a side's tensors: first those whose order is known. */
export function orderedNames({ tensors, order }: Side): readonly string[] {
  return [...new Set([...order.filter((name) => tensors.has(name)), ...tensors.keys()])];
}

/** An input, and the file from which it, or its size, comes: for messages. */
interface NamedInput extends PassInput {
  readonly path: string;
}

/** Two images of noise, and two classes: enough to show where two adapters part. */
function noise(path: string, side: number, classes: number): NamedInput {
  const count = 2;
  const stream = new RandomStream(1);
  const values = Float32Array.from({ length: count * 3 * side * side }, () => stream.uniform(-2, 2));
  return {
    path,
    images: encodeTensor(values, [count, 3, side, side]),
    labels: encodeTensor(
      Int32Array.from({ length: count }, (_, image) => image % classes),
      [count],
    ),
  };
}

/** The input of a recorded pass. */
export function inputOf({ path, tensors }: Side): NamedInput {
  const tensor = (name: string): SafetensorsTensor => {
    const found = tensors.get(name);
    if (found === undefined) throw new ArgumentError(`${path}: has no ${name}: it is no recorded pass`);
    return found;
  };
  return { path, images: tensor('input.images'), labels: tensor('input.labels') };
}

/** A checkpoint's pass over an input, or over noise of the size that it was trained on, on an adapter. */
export async function passOf(
  side: Side,
  input: NamedInput | null,
  adapter: string | undefined,
): Promise<Side> {
  const { checkpoint } = side;
  if (checkpoint === null)
    throw new ArgumentError(`${side.path}: wanted a checkpoint (see calm convert), to run it`);
  const { configuration, state } = checkpoint;
  const { crop } = naming(side.path, () => imagesInfo(checkpoint));
  const engine = await createEngine({ adapter });
  try {
    const model = naming(side.path, () => createModel(engine, configuration));
    naming(side.path, () => model.loadStateDict(state));
    const { path, ...pass } = input ?? noise(side.path, crop ?? 224, configuration.classes);
    const content = await recordPass(model, pass).catch((error: unknown) =>
      naming(path, () => {
        throw error;
      }),
    );
    model.dispose();
    return {
      ...content,
      path: `${side.path} on ${engine.adapter.name}`,
      kind: 'recorded pass',
      checkpoint: null,
      order: passOrder(content.metadata),
    };
  } finally {
    engine.destroy();
  }
}
