import type { Engine } from '../src/runtime/engine.ts';

/** Bytes as people read them. */
export function formatBytes(bytes: number): string {
  const mebibytes = bytes / 2 ** 20;
  return mebibytes < 1024 ? `${mebibytes.toFixed(0)} MiB` : `${(mebibytes / 1024).toFixed(2)} GiB`;
}

/** The most memory that this process has held so far, in bytes. A software adapter's GPU memory is part of it. */
export function peakResidentBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** One line for the end of a command: time per image and memory. */
export function describeResources(engine: Engine, images: number, seconds: number): string {
  const each = images > 0 ? `${(seconds / images).toPrecision(3)} s per image, ` : '';
  const { peakBytes } = engine.memory();
  return `${each}peak memory ${formatBytes(peakResidentBytes())} (GPU buffers ${formatBytes(peakBytes)})`;
}
