import type { OpenOptions } from './open.ts';
import type { TensorTracker } from './tensor_tracker.ts';
import { describeAdapter } from './open.ts';
import { Engine } from './engine.ts';
import { reject, UnsupportedError } from './errors.ts';
import { openGpu } from '#gpu';

/** How to make an engine. */
export interface EngineOptions extends OpenOptions {
  /** Use this device instead of opening one; the engine then never destroys it. */
  readonly device?: GPUDevice;
  /**
   * Fill every fresh tensor with NaN and put a guard row behind it that `verifyMemory()` checks: cells that a kernel forgot,
   * or wrote outside its tensor, show. Slow; for tests.
   */
  readonly guardMemory?: boolean;
  /**
   * Most bytes of GPU memory that tensors may take together; what goes beyond throws OutOfMemoryError. Default: no limit, but on a
   * software adapter of Node nine tenths of the machine's memory (see `processes`), because there the system would end the process.
   */
  readonly memoryLimit?: number;
  /**
   * Most work of one dispatch in floating-point operations, a byte moved counting as four. What is more is cut into dispatches of a part
   * of its workgroups each, to the same bits, because systems take the device away from a dispatch of seconds. Default: 5e10, on a
   * software adapter 5e9.
   */
  readonly dispatchWork?: number;
  /** Ask for these limits; `{}` for none beyond what every WebGPU has. Default: the highest that the adapter offers. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Remembers where each tensor was made, and warns of those that nobody gives back: to find leaks. */
  readonly tensorTracker?: TensorTracker;
}

/** Limits that kernels profit from: asked for as high as the adapter has them. */
const RAISED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxStorageBuffersPerShaderStage',
] as const;

const WANTED_FEATURES = ['subgroups', 'timestamp-query', 'shader-f16'] as const;

/** Opens a GPU (the caller's device, the page's, or Dawn's on Node) and makes an engine on it. */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { device: given, limits } = options;
  for (const name of ['memoryLimit', 'dispatchWork'] as const) {
    const value = options[name];
    if (value !== undefined && !(value > 0)) reject('createEngine', name, String(value), 'a number above 0');
  }
  if (given !== undefined)
    return new Engine(given, describeAdapter(given.adapterInfo, 'given device'), options);
  const opened = await openGpu(options);
  const { adapter, memoryLimit = Infinity } = opened;
  const highest = Object.fromEntries(RAISED_LIMITS.map((limit) => [limit, adapter.limits[limit]]));
  const descriptor: GPUDeviceDescriptor = {
    label: 'calm-webgpu',
    requiredLimits: { ...(limits ?? highest) },
    requiredFeatures: WANTED_FEATURES.filter((feature) => adapter.features.has(feature)),
  };
  const device = await requestDevice(adapter, descriptor);
  opened.onDevice?.(device);
  const launchFirst = opened.compileAhead?.(descriptor, device.lost) ?? null;
  return new Engine(device, opened.description, {
    ...options,
    memoryLimit: options.memoryLimit ?? memoryLimit,
    opened,
    launchFirst,
  });
}

async function requestDevice(adapter: GPUAdapter, descriptor: GPUDeviceDescriptor): Promise<GPUDevice> {
  try {
    return await adapter.requestDevice(descriptor);
  } catch (cause) {
    throw new UnsupportedError(`createEngine: WebGPU gives no device: ${String(cause)}`, { cause });
  }
}
