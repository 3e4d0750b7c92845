/** Compiling kernels on several cores, for a driver that compiles them when they are first launched. */
import { availableParallelism } from 'node:os';
import type { AdapterDescription } from './open.ts';
import type { FirstLaunch } from './pipelines.ts';
import type { KernelModule } from './kernel.ts';
import { createBindGroupLayout, createPipeline } from './pipelines.ts';
import { waitPolitely } from './polite_waiting.node.ts';

/*
 * Mesa's lavapipe compiles a kernel when it is first launched, for up to a second, one after another in a device's queue. It keeps the result on disk, where its other devices find it. So a batch of new kernels is first launched,
 * over no workgroups, on other devices, one a core; the engine's own device then loads what they compiled.
 */

/** With fewer new kernels at once, opening devices would take as long as what it saves. */
const FEWEST_KERNELS = 8;
const MOST_DEVICES = 8;
/** A launch up to this many milliseconds compiled nothing; one above SLOW did. */
const QUICK = 15;
const SLOW = 50;
/** So many quick launches at the beginning, and the driver's cache is taken to hold the others, too. */
const QUICK_LAUNCHES = 4;

/** A kernel to be launched, as it is specialised. */
export interface Request {
  readonly kernel: KernelModule;
  readonly code: string;
  readonly done: () => void;
}

/** Whether the adapter's driver compiles kernels at their first launch and shares what it compiled, and there are cores for several. */
export function gainsByFirstLaunches({ name }: AdapterDescription): boolean {
  return /llvmpipe|lavapipe/i.test(name) && availableParallelism() > 1;
}

/** First launches on devices that `openDevice` opens, for an engine whose device is there until `ended`. */
export function firstLaunches(
  openDevice: () => Promise<GPUDevice>,
  ended: Promise<unknown> = new Promise(() => undefined),
): FirstLaunch {
  return new FirstLaunches(openDevice, ended).launch;
}

class FirstLaunches {
  readonly #openDevice: () => Promise<GPUDevice>;
  #waiting: Request[] = [];
  #isRunning = false;
  /** Whether what one device compiled is found by another, once known. */
  #isShared: boolean | null = null;
  #quickLaunches = 0;
  /** A launch that compiled, and its time: another device does it again to see whether it finds the result. */
  #witness: { readonly by: GPUDevice; readonly request: Request; readonly milliseconds: number } | null =
    null;

  /** Whether nobody is left to launch for. */
  #hasEnded = false;

  constructor(openDevice: () => Promise<GPUDevice>, ended: Promise<unknown>) {
    this.#openDevice = openDevice;
    void ended.then(() => (this.#hasEnded = true));
  }

  /** Settles when the kernel is compiled, or when that is left to its first launch in earnest. Never rejects. */
  readonly launch: FirstLaunch = (kernel, code) => {
    if (this.#isShared === false || this.#hasEnded) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ kernel, code, done: resolve });
    if (!this.#isRunning) {
      this.#isRunning = true;
      // By then whoever records a step has named all of its kernels.
      setImmediate(() => void this.#launchAll());
    }
    return promise;
  };

  async #launchAll(): Promise<void> {
    this.#quickLaunches = 0;
    const count = Math.min(availableParallelism(), MOST_DEVICES);
    if (this.#waiting.length >= FEWEST_KERNELS)
      await Promise.all(Array.from({ length: count }, () => this.#launchSome()));
    this.#isRunning = false;
    for (const { done } of this.#waiting.splice(0)) done();
  }

  /** Opens a device and launches waiting kernels on it as long as that is worth while. */
  async #launchSome(): Promise<void> {
    const device = await this.#openDevice().catch(() => null);
    if (device === null) return;
    try {
      while (!this.#hasEnded && this.#isShared !== false && this.#quickLaunches < QUICK_LAUNCHES) {
        const request = this.#waiting.shift();
        if (request === undefined) break;
        // What fails here is reported by the engine's own device.
        const milliseconds = await launchOverNothing(device, request).catch(() => Number.NaN);
        request.done();
        await this.#learn(device, request, milliseconds);
      }
    } finally {
      device.destroy();
    }
  }

  /** Notes from a launch's time whether it compiled, and whether what one device compiles is any use to another. */
  async #learn(device: GPUDevice, request: Request, milliseconds: number): Promise<void> {
    if (milliseconds > SLOW) this.#quickLaunches = Number.NEGATIVE_INFINITY;
    else if (milliseconds <= QUICK) this.#quickLaunches++;
    if (this.#isShared !== null) return;
    const witness = this.#witness;
    if (witness === null) {
      if (milliseconds > SLOW) this.#witness = { by: device, request, milliseconds };
    } else if (witness.by !== device) {
      this.#isShared = true;
      const again = await launchOverNothing(device, witness.request).catch(() => Number.NaN);
      this.#isShared = again < witness.milliseconds / 2;
    }
  }
}

/** Room of a binding in bytes, and what WebGPU's offsets are multiples of. */
const ROOM = 256;

/** Milliseconds of a launch without workgroups: nothing runs, but the driver compiles. NaN when it fails. */
export async function launchOverNothing(
  device: GPUDevice,
  { kernel, code }: Pick<Request, 'kernel' | 'code'>,
): Promise<number> {
  device.pushErrorScope('validation');
  const layout = createBindGroupLayout(device, kernel);
  const module = device.createShaderModule({ label: kernel.name, code });
  const pipeline = await waitPolitely(createPipeline(device, kernel, layout, module));
  const STORAGE_UNIFORM_AND_INDIRECT = 0x80 | 0x40 | 0x100;
  const STORAGE = 0x80;
  const bindings = Object.values(kernel.bindings);
  const written = device.createBuffer({
    label: 'written',
    size: ROOM * (bindings.length + 1),
    usage: STORAGE,
  });
  const zeros = device.createBuffer({ label: 'zeros', size: 4096, usage: STORAGE_UNIFORM_AND_INDIRECT });
  const entries: GPUBindGroupEntry[] = bindings.map(({ index, access }, place) => ({
    binding: index,
    resource:
      access === 'read'
        ? { buffer: zeros, size: ROOM }
        : { buffer: written, offset: ROOM * place, size: ROOM },
  }));
  if (kernel.params !== null) {
    const { index, size: paramsSize } = kernel.params;
    entries.push({ binding: index, resource: { buffer: zeros, size: paramsSize } });
  }
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }), kernel.params === null ? [] : [0]);
  // A direct dispatch of no workgroups never reaches the driver.
  pass.dispatchWorkgroupsIndirect(zeros, 0);
  pass.end();
  const begin = performance.now();
  device.queue.submit([encoder.finish()]);
  await waitPolitely(device.queue.onSubmittedWorkDone());
  const milliseconds = performance.now() - begin;
  written.destroy();
  zeros.destroy();
  return (await device.popErrorScope()) === null ? milliseconds : Number.NaN;
}
