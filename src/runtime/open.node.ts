/** Finding an adapter on Node: Dawn, on the system's driver or on the embedded SwiftShader. */
import type { create as createDawn } from 'webgpu';
import { isMainThread } from 'node:worker_threads';
import { totalmem } from 'node:os';
import { reject, UnsupportedError } from './errors.ts';
import type { AdapterDescription, AdapterListing, OpenedGpu, OpenOptions } from './open.ts';
import { describeAdapter, readLimits } from './open.ts';
import { firstLaunches, gainsByFirstLaunches } from './first_launch.node.ts';
import { waitPolitely } from './polite_waiting.node.ts';
import { loadVulkanLoader, unpackSwiftShader } from './swiftshader.node.ts';

// Dawn rounds timestamps to 100 us against timing attacks between web pages; here there is only one's own program.
const dawnOptions = ['disable-dawn-features=timestamp_quantization'];

const mesaAdvice =
  "Mesa's lavapipe is several times faster (Mesa 24 or later; on Debian 12: mesa-vulkan-drivers from bookworm-backports), a GPU far more.";

// webgpu 0.6.2: "Promise not resolved or rejected: mapAsync()", and the process aborts with 134. Tried: to destroy the device when the
// thread exits; its promises settle too late.
const workerAdvice =
  'In a worker thread: end it by engine.destroy(). Where the thread or the process ends while this GPU computes (worker.terminate(), ' +
  'process.exit(), an exception that nobody catches), the process aborts.';

interface Found {
  adapter: GPUAdapter;
  description: AdapterDescription;
}

/** An adapter in Dawn's list. */
interface SystemAdapter {
  backend: string;
  name: string;
}

/**
 * Finds an adapter. The environment variable CALM_ADAPTER takes the place of `options.adapter` where that is absent.
 * @throws UnsupportedError when there is no such adapter; the message lists what there is and what to install.
 */
export async function openGpu(options: OpenOptions = {}): Promise<OpenedGpu> {
  const wanted = wantedAdapter(options);
  const { processes = 1 } = options;
  if (!(processes >= 1)) reject('createEngine', 'processes', String(processes), 'a number >= 1');
  const found = await findAdapter(wanted, options.powerPreference);
  const again = (): Promise<Found> => findAdapter(wanted, options.powerPreference);
  const opened: OpenedGpu = {
    ...found,
    notes: [...describeForPeople(found.description, wanted), ...(isMainThread ? [] : [workerAdvice])],
    waitPolitely,
    onDevice: endBeforeProcess,
    ...(gainsByFirstLaunches(found.description) && {
      compileAhead: (descriptor, ended) =>
        firstLaunches(async () => {
          const device = await (await again()).adapter.requestDevice(descriptor);
          endBeforeProcess(device);
          return device;
        }, ended),
    }),
  };
  return found.description.software ? { ...opened, memoryLimit: (0.9 * systemMemory()) / processes } : opened;
}

const devices = new Set<WeakRef<GPUDevice>>();
let isExitHeard = false;

/**
 * Destroys a device when the process exits, which waits for what its driver is doing: Mesa takes itself down at exit, and crashes the
 * process when a kernel is being compiled then.
 */
function endBeforeProcess(device: GPUDevice): void {
  if (!isExitHeard) {
    isExitHeard = true;
    process.once('exit', () => {
      for (const reference of devices) reference.deref()?.destroy();
    });
  }
  const reference = new WeakRef(device);
  devices.add(reference);
  void device.lost.then(() => devices.delete(reference));
}

/** Bytes of the machine, or of the container that this process runs in. */
function systemMemory(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}

/** Every adapter of the system and the embedded SwiftShader, with the one that `openGpu(options)` takes marked. */
export async function listAdapters(options: OpenOptions = {}): Promise<AdapterListing[]> {
  const chosen = await findAdapter(wantedAdapter(options), options.powerPreference).catch(ignoreUnsupported);
  const found: Found[] = [];
  for (const listed of await systemAdapters()) {
    const adapter = await requestSystemAdapter(options.powerPreference, listed);
    if (adapter !== null) found.push(adapter);
  }
  const embedded = await requestSwiftShader(options.powerPreference).catch(ignoreUnsupported);
  if (embedded !== null) found.push(embedded);
  return found.map(({ adapter, description }) => ({
    description,
    features: [...adapter.features].toSorted(),
    limits: readLimits(adapter.limits),
    selected:
      description.name === chosen?.description.name && description.source === chosen.description.source,
  }));
}

function wantedAdapter(options: OpenOptions): string {
  return options.adapter ?? (process.env['CALM_ADAPTER'] || 'auto');
}

function ignoreUnsupported(error: unknown): null {
  if (error instanceof UnsupportedError) return null;
  throw error;
}

async function findAdapter(wanted: string, powerPreference: GPUPowerPreference | undefined): Promise<Found> {
  if (wanted === 'swiftshader') return requestSwiftShader(powerPreference);
  if (wanted !== 'auto' && wanted !== 'system') return requestByName(wanted, powerPreference);
  const system = await requestSystemAdapter(powerPreference);
  if (system !== null) return system;
  const reason = 'openGpu: this system has no adapter that Dawn accepts';
  const advice = 'Install a GPU driver with Vulkan, or Mesa 24 or later';
  if (wanted === 'system')
    throw new UnsupportedError(
      `${reason}. ${advice}, or allow the embedded SwiftShader with adapter 'auto'.`,
    );
  try {
    return await requestSwiftShader(powerPreference);
  } catch (cause) {
    if (!(cause instanceof UnsupportedError)) throw cause;
    throw new UnsupportedError(
      `${reason}, nor does the embedded SwiftShader serve: ${cause.message}\n${advice}.`,
      { cause },
    );
  }
}

async function requestByName(
  wanted: string,
  powerPreference: GPUPowerPreference | undefined,
): Promise<Found> {
  const adapters = await systemAdapters();
  const match = adapters.find(({ name }) => simplify(name).includes(simplify(wanted)));
  const found = match === undefined ? null : await requestSystemAdapter(powerPreference, match);
  if (found !== null) return found;
  const names = adapters.map(({ name }) => `'${name}'`).join(', ') || 'none';
  throw new UnsupportedError(
    `openGpu: adapter is '${wanted}', wanted 'auto', 'system', 'swiftshader' or a part of the name of one of the system's adapters: ${names}`,
  );
}

/** As Dawn writes names in an adapter's info, so that both spellings find it. */
function simplify(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replace(/-$/, '');
}

/**
 * Dawn's GPU objects by what they were made for. A device crashes the process (webgpu 0.6.2: abort or segmentation fault) when
 * the GPU object it came from is collected as garbage, so none ever is. A program still ends by itself with all of them
 * reachable, its devices destroyed or not, idle or busy.
 */
const gpus = new Map<string, GPU>();

/** The GPU object of this purpose, made on the first call. */
function dawn(create: typeof createDawn, purpose: string, options: string[] = dawnOptions): GPU {
  const gpu = gpus.get(purpose) ?? create(options);
  gpus.set(purpose, gpu);
  return gpu;
}

async function loadDawn(): Promise<typeof createDawn> {
  try {
    return (await import('webgpu')).create;
  } catch (cause) {
    throw new UnsupportedError(
      `openGpu: the package webgpu (Dawn) cannot be loaded on ${process.platform} ${process.arch}: npm install webgpu`,
      { cause },
    );
  }
}

/** The system's adapters as Dawn names them; empty without a driver. */
async function systemAdapters(): Promise<SystemAdapter[]> {
  const create = await loadDawn();
  try {
    // The documented way to list them is the error about an adapter that does not exist.
    await create(['adapter=list all adapters']).requestAdapter();
    return [];
  } catch (error) {
    const lines = String(error).matchAll(/backend: '([^']*)', name: '([^\n]*)'/g);
    return [...lines].map(([, backend = '', name = '']) => ({ backend, name }));
  }
}

/** The system's adapter, a listed one or the one Dawn prefers; null when there is none or it is refused. */
async function requestSystemAdapter(
  powerPreference: GPUPowerPreference = 'high-performance',
  listed?: SystemAdapter,
): Promise<Found | null> {
  const create = await loadDawn();
  const gpu =
    listed === undefined
      ? dawn(create, 'system')
      : dawn(create, `system: ${listed.name}`, [...dawnOptions, `adapter=${listed.name}`]);
  const adapter = await gpu.requestAdapter({ powerPreference });
  // Dawn's Null backend computes nothing and answers as if it had.
  if (adapter === null || adapter.info.device === 'null-backend') return null;
  return {
    adapter,
    description: describeAdapter(adapter.info, 'system', listed?.backend ?? defaultBackend()),
  };
}

async function requestSwiftShader(powerPreference: GPUPowerPreference = 'high-performance'): Promise<Found> {
  const files = unpackSwiftShader();
  const create = await loadDawn();
  const request = async (purpose: string): Promise<Found | null> => {
    const adapter = await withDriver(files.manifest, () =>
      dawn(create, purpose).requestAdapter({ powerPreference }),
    );
    if (!isMainThread && adapter?.info.architecture !== 'swiftshader')
      throw new UnsupportedError(
        `openGpu: a worker thread finds the embedded SwiftShader only where VK_ICD_FILENAMES=${files.manifest} is set before Node starts`,
      );
    if (adapter === null) return null;
    return { adapter, description: describeAdapter(adapter.info, 'embedded SwiftShader', 'vulkan') };
  };
  let found = await request("SwiftShader on the system's loader");
  if (found === null) {
    await loadVulkanLoader(files);
    found = await request('SwiftShader on its own loader');
  }
  if (found === null)
    throw new UnsupportedError(`Dawn does not accept the embedded SwiftShader (${files.manifest}).`);
  return found;
}

/** Runs an action while the Vulkan loader sees one driver only. Dawn asks the loader before `requestAdapter` returns. */
function withDriver<T>(manifest: string, action: () => T): T {
  // The first name is the current one and wins; loaders before 1.3.207 know the second only.
  const names = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES'];
  const before = names.map((name) => [name, process.env[name]] as const);
  for (const name of names) process.env[name] = manifest;
  try {
    return action();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function defaultBackend(): string {
  return { darwin: 'metal', win32: 'd3d12' }[process.platform as string] ?? 'vulkan';
}

function describeForPeople(description: AdapterDescription, wanted: string): string[] {
  const { name, backend, driver, software, source } = description;
  const which = `GPU: ${name} (${backend}, ${driver})`;
  if (source === 'embedded SwiftShader') {
    const reason = wanted === 'swiftshader' ? 'as asked for' : 'the system has no adapter that Dawn accepts';
    return [`${which}: the embedded SwiftShader on the CPU, ${reason}. ${mesaAdvice}`];
  }
  return [software ? `${which}: on the CPU. A GPU with a Vulkan driver would be far faster.` : which];
}
