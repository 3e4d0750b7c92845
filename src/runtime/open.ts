/** What finding an adapter looks like from outside; open.node.ts (Dawn) and open.browser.ts (navigator.gpu) implement it. */

import type { FirstLaunch } from './pipelines.ts';

/** How to choose an adapter. */
export interface OpenOptions {
  /**
   * `'auto'` (default): the best adapter of the system, on Node else the embedded SwiftShader. `'system'`: never the embedded
   * one. `'swiftshader'`: always the embedded one. Anything else: a part of the adapter's name, in any case ("llvmpipe").
   * In a page only `'auto'` and `'system'` exist.
   */
  adapter?: 'auto' | 'system' | 'swiftshader' | (string & {}) | undefined;
  /** Handed to `requestAdapter`; by default `'high-performance'`. */
  powerPreference?: GPUPowerPreference | undefined;
  /**
   * Processes of this machine that work side by side, each with an engine of its own: on Node's software adapters their default
   * `memoryLimit`s come to that of one. Default: 1.
   */
  processes?: number | undefined;
}

/** An adapter in words. A field that the platform keeps to itself is an empty string. */
export interface AdapterDescription {
  /** As the driver calls it: "llvmpipe (LLVM 15.0.6, 256 bits)". */
  name: string;
  /** Such as "nvidia" or "mesa". */
  vendor: string;
  /** Such as "ampere" or "software". */
  architecture: string;
  /** "vulkan", "metal", "d3d12"...; empty in a page. */
  backend: string;
  /** Driver and its version. */
  driver: string;
  /** Whether it computes on the CPU: every time measured on it must say so. */
  software: boolean;
  source: 'system' | 'embedded SwiftShader' | 'navigator.gpu' | 'given device';
  /** Fewest and most lanes of a subgroup; 0 where the adapter has no subgroups. */
  subgroupMinSize: number;
  subgroupMaxSize: number;
}

/** An adapter ready for `requestDevice`, and what its platform needs to be used well. */
export interface OpenedGpu {
  adapter: GPUAdapter;
  description: AdapterDescription;
  /** Lines for people: which adapter is used and, where there is something, what would be faster. */
  notes: string[];
  /** Bytes beyond which the system would run out of memory; absent where the adapter's memory is not the system's. */
  memoryLimit?: number;
  /** Awaits a GPU promise without keeping a core busy; absent where the platform does that itself. */
  waitPolitely?: <T>(promise: Promise<T>) => Promise<T>;
  /** To be told of every device that is made of the adapter; absent where nobody needs to know. */
  onDevice?: (device: GPUDevice) => void;
  /** Compiles kernels ahead of their first launch, on further devices made as described, until the engine's has `ended`; absent where that gains nothing. */
  compileAhead?: (descriptor: GPUDeviceDescriptor, ended: Promise<unknown>) => FirstLaunch;
}

/** One adapter in the answer of `listAdapters`. */
export interface AdapterListing {
  description: AdapterDescription;
  /** Sorted names of the WebGPU features it offers. */
  features: string[];
  /** Every WebGPU limit with its value. */
  limits: Record<string, number>;
  /** Whether `openGpu` with the same options takes this one. */
  selected: boolean;
}

/** Puts an adapter's info into words; the backend is known to Node alone. */
export function describeAdapter(
  info: GPUAdapterInfo,
  source: AdapterDescription['source'],
  backend = '',
): AdapterDescription {
  const names = [info.device, info.description, `${info.vendor} ${info.architecture}`.trim()];
  return {
    // Dawn turns everything but letters and digits into dashes.
    name: (names.find((name) => name !== '') ?? 'unnamed adapter').replace(/-+$/, ''),
    vendor: info.vendor,
    architecture: info.architecture,
    backend,
    driver: info.description,
    software: info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(names.join(' ')),
    source,
    subgroupMinSize: info.subgroupMinSize ?? 0,
    subgroupMaxSize: info.subgroupMaxSize ?? 0,
  };
}

/** All limits of an adapter or device as a plain record, in alphabetical order. */
export function readLimits(limits: GPUSupportedLimits): Record<string, number> {
  const result: [string, number][] = [];
  // The limits are accessors of the prototype, on Dawn as in browsers: own keys would be none.
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(limits))) {
    const value: unknown = Reflect.get(limits, name);
    if (typeof value === 'number') result.push([name, value]);
  }
  return Object.fromEntries(result.toSorted(([first], [second]) => (first < second ? -1 : 1)));
}
