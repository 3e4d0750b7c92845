import type { KernelModule } from './kernel.ts';
import { GpuError, UnsupportedError } from './errors.ts';
import { specialise } from './kernel.ts';

/** One specialisation of a kernel: its pipeline once it is compiled, and the bind groups made for it so far. */
export interface Pipeline {
  readonly kernel: KernelModule;
  readonly layout: GPUBindGroupLayout;
  /** Null while it is being compiled. */
  compiled: GPUComputePipeline | null;
  ready: Promise<void>;
  /** Bind groups by the ids, offsets and sizes of their buffers. */
  readonly bindGroups: Map<string, GPUBindGroup>;
}

const VISIBILITY_COMPUTE = 0x4;

/** What a kernel binds: its storage bindings, and its uniform values at a dynamic offset. */
export function createBindGroupLayout(device: GPUDevice, kernel: KernelModule): GPUBindGroupLayout {
  const entries: GPUBindGroupLayoutEntry[] = Object.values(kernel.bindings).map(({ index, access }) => ({
    binding: index,
    visibility: VISIBILITY_COMPUTE,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (kernel.params !== null) {
    const { index, size } = kernel.params;
    entries.push({
      binding: index,
      visibility: VISIBILITY_COMPUTE,
      buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: size },
    });
  }
  return device.createBindGroupLayout({ label: kernel.name, entries });
}

/** A kernel's pipeline, compiled by the browser or Dawn, and by the driver if that does not wait for the first launch. */
export function createPipeline(
  device: GPUDevice,
  { name }: KernelModule,
  layout: GPUBindGroupLayout,
  module: GPUShaderModule,
): Promise<GPUComputePipeline> {
  return device.createComputePipelineAsync({
    label: name,
    layout: device.createPipelineLayout({ label: name, bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: 'main' },
  });
}

/** Makes the driver compile a kernel ahead of its first launch. Never rejects. */
export type FirstLaunch = (kernel: KernelModule, code: string) => Promise<void>;

/** The compiler's messages with their places in the .wgsl file. */
async function explain(module: GPUShaderModule, kernel: KernelModule, cause: unknown): Promise<string> {
  const info = await module.getCompilationInfo().catch(() => null);
  const messages = (info?.messages ?? [])
    .filter(({ type }) => type === 'error')
    .map(({ lineNum, linePos, message }) => `  ${kernel.name}.wgsl:${lineNum}:${linePos} ${message}`);
  return messages.length > 0 ? messages.join('\n') : String(cause);
}

/** Compiled kernels of one device, by kernel and constants. Compilation is asynchronous: many run in parallel. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #launchFirst: FirstLaunch | null;
  readonly #pipelines = new Map<KernelModule, Map<string, Pipeline>>();

  constructor(device: GPUDevice, launchFirst: FirstLaunch | null = null) {
    this.#device = device;
    this.#launchFirst = launchFirst;
  }

  /** The pipeline of a kernel under the given constants; its compilation starts at the first call. */
  get(
    kernel: KernelModule,
    constants: { readonly [name: string]: number | undefined } | undefined,
  ): Pipeline {
    let variants = this.#pipelines.get(kernel);
    if (variants === undefined) this.#pipelines.set(kernel, (variants = new Map()));
    const key = constants === undefined ? '' : JSON.stringify(constants);
    let pipeline = variants.get(key);
    if (pipeline === undefined) variants.set(key, (pipeline = this.#compile(kernel, constants ?? {})));
    return pipeline;
  }

  /** Bind groups made and kept so far: constant from step to step of one kind. */
  get bindGroupCount(): number {
    let count = 0;
    for (const variants of this.#pipelines.values()) {
      for (const { bindGroups } of variants.values()) count += bindGroups.size;
    }
    return count;
  }

  /** Forgets bind groups: they keep buffers alive that the pool wants to destroy. */
  clearBindGroups(): void {
    for (const variants of this.#pipelines.values()) {
      for (const pipeline of variants.values()) pipeline.bindGroups.clear();
    }
  }

  #compile(kernel: KernelModule, constants: { readonly [name: string]: number | undefined }): Pipeline {
    for (const feature of kernel.features) {
      if (!this.#device.features.has(feature)) {
        throw new UnsupportedError(
          `${kernel.name}: the adapter has no ${feature}; choose another variant of this kernel`,
        );
      }
    }
    const device = this.#device;
    const code = specialise(kernel, constants);
    const layout = createBindGroupLayout(device, kernel);
    // The pipeline's creation reports the same errors; the scope keeps them from being reported twice.
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: kernel.name, code });
    const scope = device.popErrorScope();
    const pipeline: Pipeline = {
      kernel,
      layout,
      compiled: null,
      bindGroups: new Map(),
      ready: Promise.resolve(),
    };
    const launchedFirst = this.#launchFirst?.(kernel, code);
    const compile = async (): Promise<void> => {
      try {
        await scope;
        const compiled = await createPipeline(device, kernel, layout, module);
        await launchedFirst;
        pipeline.compiled = compiled;
      } catch (cause) {
        throw new GpuError(
          `${kernel.name}: the kernel does not compile\n${await explain(module, kernel, cause)}`,
          { cause },
        );
      }
    };
    pipeline.ready = compile();
    // Whoever waits for `ready` sees the failure; without a waiter it must not end the process.
    pipeline.ready.catch(() => undefined);
    return pipeline;
  }
}
