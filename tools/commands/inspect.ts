import type { TensorInfo } from '../../src/model/files/stored_tensor.ts';
import type { TensorStatistics } from '../weights/statistics.ts';
import type { WeightsDescription } from '../weights/describe.ts';
import type { WeightsFile } from '../../src/model/files/weights_file.ts';
import { Command } from 'commander';
import { describeWeights } from '../weights/describe.ts';
import { openWeightsFile } from '../../src/model/files/open_weights.node.ts';
import { jsonText } from '../json_text.ts';
import { printLine, printTable, visible } from '../../bench/table.ts';
import { tensorStatistics } from '../weights/statistics.ts';

interface InspectOptions {
  readonly json?: true;
  readonly stats?: true;
  readonly tensors: boolean;
}

const FORMATS: Readonly<Record<WeightsFile['format'], string>> = {
  safetensors: 'safetensors',
  'safetensors-sharded': 'safetensors in shards',
  'pytorch-zip': 'torch.save (zip)',
  'pytorch-legacy': "torch.save's older format (pickle)",
};

/** The statistics of every tensor, each read and dropped on its own. */
async function statisticsOf(file: WeightsFile): Promise<Map<string, TensorStatistics | null>> {
  const statistics = new Map<string, TensorStatistics | null>();
  for (const name of file.tensors.keys()) {
    const tensor = (await file.read([name])).get(name);
    if (tensor !== undefined) statistics.set(name, tensorStatistics(tensor));
  }
  return statistics;
}

function classifier({ model }: WeightsDescription): string {
  if (model.head === 'none') return 'none';
  const kind =
    model.head === 'calm' ? 'conv_last and attention (CAM or CALM)' : "a linear classifier (torchvision's)";
  return `${kind}, ${model.classes} classes`;
}

/** Names of what is in the file, and what is said of them. */
function summaryOf(description: WeightsDescription, tensors: number): [string, string][] {
  const { format, bytes, model, checkpoint, optimizer, fields, metadata, momentumTensors, slowTensors } =
    description;
  const where = description.stateKey === null ? '' : `, under '${description.stateKey}'`;
  const stripped = description.strippedModule ? ", 'module.' taken off their names" : '';
  const basis = model.trunk === null ? '' : ` ${JSON.stringify(model.trunk)}`;
  const lines: [string, string][] = [
    ['format', `${FORMATS[format]}, ${bytes.toLocaleString('en')} bytes`],
    ['tensors', `${tensors}${where}${stripped}; ${model.parameters.toLocaleString('en')} parameters`],
    ['architecture', `${model.architecture ?? 'not recognised'}${basis}`],
    ['head', classifier(description)],
  ];
  if (checkpoint !== null) {
    lines.push(['checkpoint', 'of calm train']);
    lines.push(['model', JSON.stringify(checkpoint.model)]);
    if (checkpoint.training !== null) lines.push(['training', JSON.stringify(checkpoint.training)]);
  }
  if (optimizer !== null) {
    const groups = optimizer.groups.map(
      ({ parameters, learningRate }) => `${parameters.length} at ${learningRate ?? 'an unknown rate'}`,
    );
    const [first] = optimizer.groups;
    const settings = `momentum ${first?.momentum ?? '?'}, weight decay ${first?.weightDecay ?? '?'}`;
    lines.push([
      'optimiser',
      `parameters ${groups.join(' and ')}; ${settings}; keeps ${optimizer.buffers.join(', ') || 'nothing'}`,
    ]);
  }
  if (momentumTensors > 0) lines.push(['momentum', `of ${momentumTensors} parameters`]);
  if (slowTensors > 0) lines.push(["theta'", `${slowTensors} tensors`]);
  if (optimizer !== null && checkpoint === null)
    lines.push([
      'steps',
      'not kept: a run that goes on from it counts them from 0, its epochs from where they were',
    ]);
  for (const [key, value] of Object.entries(fields)) lines.push([`field ${key}`, String(value)]);
  for (const [key, value] of Object.entries(checkpoint === null ? metadata : {}))
    lines.push([`metadata ${key}`, value]);
  for (const text of model.open) lines.push(['not told', text]);
  for (const text of model.remarks) lines.push(['remark', text]);
  return lines;
}

const shorten = (text: string): string => (text.length > 240 ? `${text.slice(0, 237)}...` : text);

function tensorRow(
  name: string,
  { shape, dtype }: TensorInfo,
  statistics: TensorStatistics | null | undefined,
): string[] {
  const show = (value: number | null): string => (value === null ? '' : value.toPrecision(5));
  const cells = [name, `[${shape.join(', ')}]`, dtype];
  if (statistics === undefined) return cells;
  if (statistics === null) return [...cells, '', '', '', '', ''];
  const { minimum, maximum, mean, nan, infinite } = statistics;
  return [...cells, show(minimum), show(maximum), show(mean), String(nan), String(infinite)];
}

async function inspect(path: string, options: InspectOptions): Promise<void> {
  const file = await openWeightsFile(path);
  try {
    const description = describeWeights(file);
    const statistics = options.stats === true ? await statisticsOf(file) : null;
    if (options.json === true) {
      const tensors = Array.from(file.tensors, ([name, { shape, dtype }]) => ({
        name,
        shape,
        dtype,
        ...statistics?.get(name),
      }));
      console.log(jsonText({ ...description, ...(options.tensors ? { tensors } : {}) }));
      return;
    }
    printLine(file.name);
    const lines = summaryOf(description, file.tensors.size).map((line) => line.map(visible));
    const width = Math.max(...lines.map(([label = '']) => label.length));
    for (const [label = '', text = ''] of lines) printLine(`  ${label.padEnd(width)}  ${shorten(text)}`);
    if (!options.tensors) return;
    console.log();
    const header = [
      'tensor',
      'shape',
      'type',
      ...(statistics === null ? [] : ['min', 'max', 'mean', 'NaN', 'infinite']),
    ];
    printTable(
      header,
      Array.from(file.tensors, ([name, tensor]) =>
        tensorRow(name, tensor, statistics === null ? undefined : (statistics.get(name) ?? null)),
      ),
    );
  } finally {
    await file.close();
  }
}

/** `calm inspect`: what is in a file of weights. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description(
      'say what is in a file of weights: format, architecture and head by its names and shapes, what stands beside them, and all tensors',
    )
    .argument(
      '<file>',
      'safetensors, .pth, .pt or .pth.tar of PyTorch, an index of shards, or a folder of shards',
    )
    .option('--stats', "every tensor's least and greatest number and mean; counts of NaN and infinity")
    .option('--no-tensors', 'leave the list of tensors out')
    .option('--json', 'print everything as JSON; numbers that are not finite as texts')
    .action(inspect);
}
