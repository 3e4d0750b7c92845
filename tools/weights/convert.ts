import type { CheckpointContent } from '../../src/train/checkpoint.ts';
import type { ForeignChoice } from './model_of.ts';
import type { SafetensorsTensor } from '../../src/model/safetensors.ts';
import type { WeightsFile } from '../../src/model/files/weights_file.ts';
import { checkpointMetadata, foreignCheckpoint, METADATA_FIELD } from '../../src/train/foreign_checkpoint.ts';
import { encodeTensor, serializeSafetensors, toFloat32 } from '../../src/model/safetensors.ts';
import { checkChoice, foreignModel } from './model_of.ts';
import { modelConfiguration } from '../../src/model/configuration.ts';
import { modelTensors } from './describe.ts';
import { parseCheckpoint } from '../../src/train/checkpoint.ts';
import { withChecksum } from '../../src/train/checksum.ts';
import { serializeTorch } from '../../src/model/files/torch_writer.ts';

/** Floating types to convert to. */
export const FLOAT_TYPES = ['f32', 'f16', 'bf16'] as const;
export type FloatType = (typeof FLOAT_TYPES)[number];

/** A file's tensors and what goes beside them. */
export interface ConvertedContent extends CheckpointContent {
  /** Plain values beside a state dict, which a .pth.tar keeps. */
  readonly fields: ReadonlyMap<string, string | number>;
}

/**
 * Reads a file for conversion. Anything said of the model makes a checkpoint of ours of it, with the momentum of the released code's
 * optimiser where it has one.
 * @throws ArgumentError when the options do not fit the file
 */
export async function readForConversion(
  file: WeightsFile,
  choice: ForeignChoice,
  { momentum }: { readonly momentum: boolean },
): Promise<ConvertedContent> {
  const metadata = checkpointMetadata(file);
  const epoch = file.fields.get('epoch');
  const fields = new Map<string, string | number>();
  for (const [key, value] of file.fields)
    if (typeof value === 'string' || (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0))
      if (key !== METADATA_FIELD) fields.set(key, value);
  if (metadata.has('model')) {
    const tensors = await file.read();
    const { configuration, training } = parseCheckpoint({ metadata, tensors });
    checkChoice(file.name, choice, configuration);
    fields.set('architecture', configuration.architecture);
    fields.set('epoch', training?.epochsDone ?? 0);
    return { tensors, metadata, fields };
  }
  const tensors = await file.read();
  if (Object.keys(choice).length === 0) {
    const strings = Array.from(fields, ([key, value]) => [key, String(value)] as const);
    return { tensors, metadata: new Map([...metadata, ['format', 'pt'], ...strings]), fields };
  }
  const configuration = modelConfiguration(foreignModel(file.name, tensors, choice));
  const { optimizer } = file;
  const training =
    momentum && optimizer !== null && optimizer.momentum.size > 0 && typeof epoch === 'number'
      ? { epoch, optimizer }
      : null;
  fields.set('architecture', configuration.architecture);
  return { ...(await foreignCheckpoint(configuration, tensors, training)), fields };
}

/** Rounds the model's floating-point tensors to a type; momentum and theta' stay as they are. */
export function convertFloats(content: ConvertedContent, type: FloatType): ConvertedContent {
  const dtype = ({ f32: 'F32', f16: 'F16', bf16: 'BF16' } as const)[type];
  const converted = new Map<string, SafetensorsTensor>();
  for (const [name, tensor] of modelTensors(content.tensors)) {
    const isFloat = ['F64', 'F32', 'F16', 'BF16'].includes(tensor.dtype);
    if (isFloat && tensor.dtype !== dtype)
      converted.set(name, encodeTensor(toFloat32(tensor), tensor.shape, dtype));
  }
  return {
    ...content,
    tensors: new Map(Array.from(content.tensors, ([name, tensor]) => [name, converted.get(name) ?? tensor])),
  };
}

/** A safetensors file, in pieces. */
export function safetensorsPieces(content: ConvertedContent): Uint8Array[] {
  // Of what it holds now: the numbers may have been rounded.
  const { tensors, metadata } = content.metadata.has('model') ? withChecksum(content) : content;
  return [serializeSafetensors(tensors, metadata)];
}

/**
 * A .pth file in pieces: the model's state dict alone, or, as `checkpoint`, under `state_dict` with what stands beside it. A model of ours
 * comes back from that as it was; other programs need not know.
 */
export function torchPieces(
  content: ConvertedContent,
  { checkpoint }: { readonly checkpoint: boolean },
): Uint8Array[] {
  const tensors = modelTensors(content.tensors);
  if (!checkpoint) return serializeTorch(tensors);
  const fields = new Map(content.fields);
  // Training state is the optimiser's tensors too, which stay behind.
  const ours = [...content.metadata].filter(([key]) => key === 'model' || key === 'info' || key === 'format');
  if (content.metadata.has('model')) fields.set(METADATA_FIELD, JSON.stringify(Object.fromEntries(ours)));
  return serializeTorch(tensors, { fields });
}
