/** Finding an adapter in a page: navigator.gpu. */
import { UnsupportedError } from './errors.ts';
import type { AdapterListing, OpenedGpu, OpenOptions } from './open.ts';
import { describeAdapter, readLimits } from './open.ts';

/**
 * Asks the browser for its adapter.
 * @throws UnsupportedError when the browser has no WebGPU, offers no adapter, or an adapter of Node's is asked for.
 */
export async function openGpu(options: OpenOptions = {}): Promise<OpenedGpu> {
  const wanted = options.adapter ?? 'auto';
  if (wanted !== 'auto' && wanted !== 'system')
    throw new UnsupportedError(
      `openGpu: adapter is '${wanted}', wanted 'auto' or 'system': a page cannot choose between adapters`,
    );
  // Browsers without WebGPU, and pages without a secure origin, have no navigator.gpu, whatever the types say.
  if (!('gpu' in navigator) || navigator.gpu === undefined)
    throw new UnsupportedError(
      'openGpu: this page has no WebGPU. It needs a current Chrome, Edge, Firefox or Safari and a secure origin (https or localhost).',
    );
  const adapter = await navigator.gpu.requestAdapter({
    powerPreference: options.powerPreference ?? 'high-performance',
  });
  if (adapter === null)
    throw new UnsupportedError(
      'openGpu: the browser offers no adapter. Its GPU page (chrome://gpu, about:support) says why.',
    );
  const description = describeAdapter(adapter.info, 'navigator.gpu');
  const notes = [`GPU: ${description.name} (WebGPU of the browser)`];
  if (description.software)
    notes.push(
      'This adapter computes on the CPU: switching on hardware acceleration in the browser would be much faster.',
    );
  return { adapter, description, notes };
}

/** The browser's one adapter, or an empty list where there is none. */
export async function listAdapters(options: OpenOptions = {}): Promise<AdapterListing[]> {
  try {
    const { adapter, description } = await openGpu(options);
    return [
      {
        description,
        features: [...adapter.features].toSorted(),
        limits: readLimits(adapter.limits),
        selected: true,
      },
    ];
  } catch (error) {
    if (error instanceof UnsupportedError) return [];
    throw error;
  }
}
