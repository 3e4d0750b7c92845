import type { OpenOptions } from './open.ts';
import { describeAdapter } from './open.ts';
import { Engine } from './engine.ts';
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
  const guardMemory = options.guardMemory ?? false;
  if (options.device !== undefined) {
    return new Engine(
      options.device,
      describeAdapter(options.device.adapterInfo, 'given device'),
      null,
      guardMemory,
    );
  }
  const opened = await openGpu(options);
  const { adapter } = opened;
  const requiredLimits: Record<string, number> = {};
  for (const limit of RAISED_LIMITS) requiredLimits[limit] = adapter.limits[limit];
  const device = await adapter.requestDevice({
    label: 'calm-webgpu',
    requiredLimits,
    requiredFeatures: WANTED_FEATURES.filter((feature) => adapter.features.has(feature)),
  });
  return new Engine(device, opened.description, opened, guardMemory);
}
