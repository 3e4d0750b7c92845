import { execFile, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { join } from 'node:path';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { tmpdir } from 'node:os';
import { readWeightsFile } from '../../../src/model/files/open_weights.node.ts';
import { serializeTorch } from '../../../src/model/files/torch_writer.ts';

/** A Python that has PyTorch with weights_only (1.13 and later); Debian's is not always the first on the path. */
const python = ['python3', '/usr/bin/python3'].find(
  (program) =>
    spawnSync(program, [
      '-c',
      "import inspect, torch; 'weights_only' in inspect.signature(torch.load).parameters or exit(1)",
    ]).status === 0,
);
const reason = python === undefined ? ' (skipped: no python3 here has torch >= 1.13)' : '';

const fixture = join(import.meta.dirname, '../../fixtures/torch/zip.pth');

/** Loads both and compares types, shapes, strides and bytes; prints how many tensors were the same. */
const COMPARE = `
import sys, torch, zipfile
wanted, found = torch.load(sys.argv[1]), torch.load(sys.argv[2], weights_only=True)
checkpoint = torch.load(sys.argv[3], weights_only=True)
assert zipfile.ZipFile(sys.argv[2]).testzip() is None
assert checkpoint['architecture'] == 'resnet50' and checkpoint['epoch'] == 70000
for state in found, checkpoint['state_dict']:
    assert list(state) == list(wanted)
    for name, tensor in wanted.items():
        tensor, other = tensor.detach().contiguous(), state[name]
        assert tensor.dtype == other.dtype and tensor.shape == other.shape, name
        assert tensor.numel() == 0 or tensor.stride() == other.stride(), name
        # bfloat16 has no NumPy type: its bits, as int16.
        bits = lambda t: (t.view(torch.int16) if t.dtype == torch.bfloat16 else t).numpy().tobytes()
        assert bits(tensor) == bits(other), name
print(len(found))
`;

test.skipIf(python === undefined)(
  `torch.load(weights_only=True) opens what we write, bit for bit${reason}`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'calm-torch-'));
    try {
      const { tensors } = await readWeightsFile(fixture);
      const [state, checkpoint] = [join(folder, 'state.pth'), join(folder, 'checkpoint.pth.tar')];
      await writeFile(state, serializeTorch(tensors));
      const fields = new Map<string, string | number>([
        ['architecture', 'resnet50'],
        ['epoch', 70_000],
      ]);
      await writeFile(checkpoint, serializeTorch(tensors, { fields }));
      const { stdout } = await promisify(execFile)(python ?? '', ['-c', COMPARE, fixture, state, checkpoint]);
      expect(stdout.trim()).toBe(String(tensors.size));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  60_000,
);
