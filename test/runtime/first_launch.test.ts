import { expect, test } from 'vitest';
import type { KernelModule } from '../../src/runtime/kernel.ts';
import { add } from '../../src/kernels/add/add.wgsl.ts';
import { binary } from '../../src/kernels/elementwise/binary.wgsl.ts';
import { binaryRows } from '../../src/kernels/elementwise/binary_rows.wgsl.ts';
import { copy } from '../../src/kernels/copy/copy.wgsl.ts';
import { firstLaunches, launchOverNothing } from '../../src/runtime/first_launch.node.ts';
import { likelihood } from '../../src/kernels/joint_head/likelihood.wgsl.ts';
import { maxPoolVec4 } from '../../src/kernels/max_pool/max_pool_vec4.wgsl.ts';
import { openGpu } from '../../src/runtime/open.node.ts';
import { relu } from '../../src/kernels/relu/relu.wgsl.ts';
import { sgd } from '../../src/kernels/sgd/sgd.wgsl.ts';
import { store } from '../../src/kernels/probe/store.wgsl.ts';

/** With and without uniform values, reading and writing up to eight buffers. */
const kernels: KernelModule[] = [
  add,
  binary,
  binaryRows,
  copy,
  likelihood,
  maxPoolVec4,
  relu,
  sgd,
  store,
].map((kernel) => kernel as KernelModule);

const openDevice = async (): Promise<GPUDevice> => {
  const { adapter } = await openGpu();
  return adapter.requestDevice();
};

/** Opens devices and remembers them. */
function remembered(): { opened: GPUDevice[]; open: () => Promise<GPUDevice> } {
  const opened: GPUDevice[] = [];
  return {
    opened,
    open: async () => {
      const device = await openDevice();
      opened.push(device);
      return device;
    },
  };
}

test('every kind of kernel can be launched over nothing', async () => {
  const device = await openDevice();
  for (const kernel of kernels) {
    const milliseconds = await launchOverNothing(device, { kernel, code: kernel.source });
    expect(milliseconds, kernel.name).toBeGreaterThan(0);
  }
  device.destroy();
});

test('a kernel that fails is told from a quick one', async () => {
  const device = await openDevice();
  const request = {
    kernel: relu,
    code: relu.source.replace('var<storage, read>', 'var<storage, read_write>'),
  };
  expect(await launchOverNothing(device, request).catch(() => Number.NaN)).toBeNaN();
  device.destroy();
});

test('a batch is launched on devices of its own, which are destroyed', async () => {
  const { opened, open } = remembered();
  const launch = firstLaunches(open);
  await Promise.all(kernels.map((kernel) => launch(kernel, kernel.source)));
  expect(opened.length).toBeGreaterThan(0);
  for (const device of opened) expect((await device.lost).reason).toBe('destroyed');
  // And again, later.
  const before = opened.length;
  await Promise.all(kernels.map((kernel) => launch(kernel, `${kernel.source}\n// changed`)));
  expect(opened.length).toBeGreaterThan(before);
});

test('a few kernels open no device', async () => {
  const { opened, open } = remembered();
  const launch = firstLaunches(open);
  await Promise.all(kernels.slice(0, 3).map((kernel) => launch(kernel, kernel.source)));
  expect(opened).toEqual([]);
});

test('nothing more is launched once the engine has ended', async () => {
  const ended = Promise.withResolvers<void>();
  const { opened, open } = remembered();
  const launch = firstLaunches(async () => {
    const device = await open();
    ended.resolve();
    return device;
  }, ended.promise);
  await Promise.all(kernels.map((kernel) => launch(kernel, kernel.source)));
  for (const device of opened) expect((await device.lost).reason).toBe('destroyed');
  const before = opened.length;
  await Promise.all(kernels.map((kernel) => launch(kernel, kernel.source)));
  expect(opened).toHaveLength(before);
});

test('whatever goes wrong, nobody waits for ever', async () => {
  const refused = firstLaunches(() => Promise.reject(new Error('no more devices')));
  await Promise.all(kernels.map((kernel) => refused(kernel, kernel.source)));
  const launch = firstLaunches(openDevice);
  await Promise.all(kernels.map((kernel) => launch(kernel, 'no kernel at all')));
});
