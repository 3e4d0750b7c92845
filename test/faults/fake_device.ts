/** A real device that fails on demand, at the border of WebGPU: what no software adapter can be made to do. */

export interface FakeDevice {
  readonly device: GPUDevice;
  /** Loses the device, as a driver's reset would: nothing that is pending settles, nothing later does anything. */
  readonly lose: (message: string) => void;
  /** From now on buffers of more bytes than this are refused for lack of memory; `onRefusal` is told of each. */
  readonly allow: (bytes: number, onRefusal?: () => void) => void;
}

export function fakeDevice(real: GPUDevice): FakeDevice {
  let mostBytes = Infinity;
  let tell: (() => void) | undefined;
  let isLost = false;
  const lost = Promise.withResolvers<GPUDeviceLostInfo>();
  const never = new Promise<never>(() => undefined);
  const refused: boolean[] = [];
  const overrides: Record<string, unknown> = {
    lost: lost.promise,
    pushErrorScope: (filter: GPUErrorFilter): void => {
      refused.push(false);
      real.pushErrorScope(filter);
    },
    popErrorScope: async (): Promise<unknown> => {
      const hasRefused = refused.pop();
      const error = await real.popErrorScope();
      return hasRefused === true ? { message: 'there is no more' } : error;
    },
    createBuffer: (descriptor: GPUBufferDescriptor): GPUBuffer => {
      const buffer = real.createBuffer(descriptor);
      if (descriptor.size > mostBytes && refused.length > 0) {
        refused[refused.length - 1] = true;
        tell?.();
        // Whatever is done with it is an error from now on, as with a buffer that there was no memory for.
        buffer.destroy();
      }
      return buffer;
    },
    queue: new Proxy(real.queue, {
      get: (queue, key) => {
        if (isLost && key === 'onSubmittedWorkDone') return () => never;
        const value: unknown = Reflect.get(queue, key);
        return typeof value === 'function' ? value.bind(queue) : value;
      },
    }),
  };
  const device = new Proxy(real, {
    get(target, key) {
      if (typeof key === 'string' && key in overrides) return overrides[key];
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return {
    device,
    lose: (message) => {
      isLost = true;
      lost.resolve({ reason: 'unknown', message } as GPUDeviceLostInfo);
    },
    allow: (bytes, onRefusal) => {
      mostBytes = bytes;
      tell = onRefusal;
    },
  };
}
