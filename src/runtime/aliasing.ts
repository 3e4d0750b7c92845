import type { BoundRange } from './commands.ts';
import type { KernelModule } from './kernel.ts';
import { ArgumentError } from './errors.ts';

/**
 * Throws unless the ranges may be bound together: WebGPU forbids a buffer to be read and written, or ranges of it to be written
 * twice, in one dispatch.
 */
export function checkAliasing(kernel: KernelModule, ranges: readonly BoundRange[]): void {
  const bindings = Object.entries(kernel.bindings);
  for (const [i, a] of ranges.entries()) {
    for (const [j, b] of ranges.entries()) {
      if (j <= i || a.storage !== b.storage) continue;
      const [nameA, { access: accessA }] = bindings[i] ?? ['', { access: 'read' }];
      const [nameB, { access: accessB }] = bindings[j] ?? ['', { access: 'read' }];
      const overlap = a.offset < b.offset + b.size && b.offset < a.offset + a.size;
      const conflict = accessA !== accessB || (accessA === 'read_write' && overlap);
      if (conflict)
        throw new ArgumentError(`${kernel.name}: ${nameA} and ${nameB} share a buffer that it writes`);
    }
  }
}
