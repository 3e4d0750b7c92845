/** `navigator.gpu` for the peers: the adapter that our engine takes, from the same package, waited for in the same way. */
import { globals } from 'webgpu';
import { openGpu } from '../../../src/runtime/open.node.ts';
import { waitPolitely } from '../../../src/runtime/polite_waiting.node.ts';

let installed = false;

/**
 * Gives the process WebGPU's global names and a `navigator.gpu`. A pending promise of Dawn takes a core from a software adapter
 * (see polite_waiting.node.ts): the peers' promises get the brake that ours have.
 */
export function installWebGpu(): void {
  if (installed) return;
  installed = true;
  Object.assign(globalThis, globals);
  const gpu = {
    // An adapter gives one device: each peer gets its own.
    requestAdapter: async (options: GPURequestAdapterOptions = {}): Promise<GPUAdapter> => {
      const { adapter } = await openGpu({ powerPreference: options.powerPreference });
      return adapter;
    },
    getPreferredCanvasFormat: (): GPUTextureFormat => 'rgba8unorm',
    wgslLanguageFeatures: new Set<string>(),
  };
  Object.defineProperty(globalThis.navigator, 'gpu', { value: gpu, configurable: true });
  const { GPUBuffer, GPUQueue } = globals as unknown as Record<
    'GPUBuffer' | 'GPUQueue',
    { prototype: object }
  >;
  brake(GPUBuffer.prototype, 'mapAsync');
  brake(GPUQueue.prototype, 'onSubmittedWorkDone');
}

function brake(prototype: object, method: string): void {
  const original = Reflect.get(prototype, method) as (...given: unknown[]) => Promise<unknown>;
  const value = function (this: unknown, ...given: unknown[]): Promise<unknown> {
    return waitPolitely(original.apply(this, given));
  };
  Object.defineProperty(prototype, method, { value, configurable: true, writable: true });
}
