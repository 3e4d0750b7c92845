import type { KernelModule } from './kernel.ts';
import { ArgumentError } from './errors.ts';

/** Slots for the uniform values of dispatches: written to the GPU once per submit, addressed by dynamic offsets. */
export class UniformArena {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #slot: number;
  #used = 0;

  constructor(device: GPUDevice, slots = 1024) {
    this.#device = device;
    this.#slot = Math.max(256, device.limits.minUniformBufferOffsetAlignment);
    this.#bytes = new Uint8Array(this.#slot * slots);
    const UNIFORM_AND_COPY_DESTINATION = 0x40 | 0x08;
    this.buffer = device.createBuffer({
      label: 'uniforms',
      size: this.#bytes.byteLength,
      usage: UNIFORM_AND_COPY_DESTINATION,
    });
  }

  get full(): boolean {
    return this.#used === this.#bytes.byteLength;
  }

  /** Puts the values into the next slot and returns its offset. */
  add(values: Uint8Array): number {
    const offset = this.#used;
    this.#bytes.set(values, offset);
    this.#used += this.#slot;
    return offset;
  }

  /** Sends the slots to the GPU, ahead of the submit that reads them, and starts again at the first. */
  upload(): void {
    if (this.#used > 0) this.#device.queue.writeBuffer(this.buffer, 0, this.#bytes, 0, this.#used);
    this.#used = 0;
  }
}

/** The bytes of a kernel's uniform struct. Throws on a missing, unknown or out-of-range value. */
export function packParams(
  kernel: KernelModule,
  values: { readonly [name: string]: number } | undefined,
): Uint8Array | null {
  if (kernel.params === null) return null;
  const { fields, size } = kernel.params;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const given = values ?? {};
  for (const name of Object.keys(given)) {
    if (fields[name] === undefined) throw new ArgumentError(`${kernel.name}: params.${name} is unknown`);
  }
  for (const [name, { offset, type }] of Object.entries(fields)) {
    const value = given[name];
    if (value === undefined) throw new ArgumentError(`${kernel.name}: params.${name} is missing`);
    if (type === 'f32') {
      view.setFloat32(offset, value, true);
      continue;
    }
    const [low, high] = type === 'u32' ? [0, 0xffff_ffff] : [-0x8000_0000, 0x7fff_ffff];
    if (!Number.isInteger(value) || value < low || value > high) {
      throw new ArgumentError(`${kernel.name}: params.${name} is ${value}, wanted a ${type}`);
    }
    if (type === 'u32') view.setUint32(offset, value, true);
    else view.setInt32(offset, value, true);
  }
  return bytes;
}
