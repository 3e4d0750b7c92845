import type { AdapterDescription } from './open.ts';

/** What kernels may want to know of the adapter to choose a variant. */
export interface Capabilities {
  /** Lanes of a subgroup, when every pipeline of this adapter has the same and the platform tells it; otherwise null. */
  readonly subgroupSize: number | null;
  readonly timestamps: boolean;
  readonly software: boolean;
}

/** The capabilities of a device: what its adapter can do and it was asked for. */
export function capabilitiesOf(device: GPUDevice, adapter: AdapterDescription): Capabilities {
  const { subgroupMinSize, subgroupMaxSize, software } = adapter;
  const sizeIsKnown =
    device.features.has('subgroups') && subgroupMinSize > 0 && subgroupMinSize === subgroupMaxSize;
  return {
    subgroupSize: sizeIsKnown ? subgroupMinSize : null,
    timestamps: device.features.has('timestamp-query'),
    software,
  };
}
