import type { FloatType } from '../weights/convert.ts';
import type { ForeignChoice } from '../weights/model_of.ts';
import { addWeightsOptions } from '../options.ts';
import { ArgumentError } from '../../src/runtime/errors.ts';
import { checkTarget } from '../weights/check_target.ts';
import { Command, Option } from 'commander';
import {
  convertFloats,
  FLOAT_TYPES,
  readForConversion,
  safetensorsPieces,
  torchPieces,
} from '../weights/convert.ts';
import { givenChoice } from '../weights/model_of.ts';
import { openWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { VELOCITY } from '../../src/train/checkpoint.ts';
import { writeFileAtomically } from '../../src/runtime/atomic_file.node.ts';

interface ConvertOptions extends ForeignChoice {
  readonly to?: 'safetensors' | 'pth';
  readonly dtype?: FloatType;
  readonly momentum: boolean;
}

/** The format that a name asks for. */
function formatOf(target: string, { to }: ConvertOptions): 'safetensors' | 'pth' {
  if (to !== undefined) return to;
  if (/\.safetensors$/i.test(target)) return 'safetensors';
  if (/\.(pth|pt|th|tar)$/i.test(target)) return 'pth';
  throw new ArgumentError(
    `${target}: its name says no format, wanted .safetensors, .pth or .pth.tar, or --to safetensors or pth`,
  );
}

async function convert(
  source: string,
  target: string,
  options: ConvertOptions,
  command: Command,
): Promise<void> {
  const format = formatOf(target, options);
  await checkTarget(source, target);
  const file = await openWeightsFile(source);
  try {
    const read = await readForConversion(file, givenChoice(command, options), options);
    const content = options.dtype === undefined ? read : convertFloats(read, options.dtype);
    const isCheckpoint = /\.tar$/i.test(target);
    const pieces =
      format === 'safetensors'
        ? safetensorsPieces(content)
        : torchPieces(content, { checkpoint: isCheckpoint });
    await writeFileAtomically(target, pieces);
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const momentum = [...content.tensors.keys()].filter((name) => name.startsWith(VELOCITY)).length;
    const kept = format === 'safetensors' ? ', momentum kept' : '; a .pth file does not keep the momentum';
    const ours = content.metadata.has('model');
    console.log(
      `${target}: ${content.tensors.size - momentum} tensors, ${bytes.toLocaleString('en')} bytes${momentum > 0 ? kept : ''}`,
    );
    if (!ours && format === 'safetensors')
      console.log('Weights alone; with --head they become a checkpoint, with the momentum if there is any.');
    if (ours && format === 'pth' && !isCheckpoint)
      console.log('A state dict alone does not say how the model is built; a .pth.tar does.');
  } finally {
    await file.close();
  }
}

/** `calm convert`: one format of weights to another. */
export function convertCommand(): Command {
  const command = new Command('convert')
    .description(
      'convert weights: from whatever calm inspect reads to .safetensors, to .pth (a state dict), or to .pth.tar (a checkpoint as the ' +
        'released code reads it)',
    )
    .argument('<from>', 'file to read')
    .argument('<to>', 'file to write; its name says the format')
    .addOption(
      new Option('--to <format>', 'format to write, whatever the name').choices(['safetensors', 'pth']),
    )
    .addOption(
      new Option('--dtype <type>', "round the model's floating-point numbers to a type").choices(FLOAT_TYPES),
    )
    .option('--no-momentum', "leave the optimiser's momentum of a released checkpoint out");
  return addWeightsOptions(command)
    .addHelpText(
      'after',
      '\nWith --head (and what else the tensors do not tell) weights made elsewhere become a checkpoint as calm train saves it:\n' +
        '  calm convert last_checkpoint.pth.tar model.safetensors --head calm-em',
    )
    .action(convert);
}
