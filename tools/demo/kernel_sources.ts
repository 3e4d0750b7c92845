import type { KernelSource } from '../../demo/kernel_source.ts';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every .wgsl file below a folder of kernels, with its head comment set apart. */
export function kernelSources(folder: string): KernelSource[] {
  return globSync('**/*.wgsl', { cwd: folder })
    .toSorted()
    .map((file) => {
      const lines = readFileSync(join(folder, file), 'utf8').split('\n');
      // Directives such as `enable subgroups;` come first in WGSL; they go with the code.
      const begin = lines.findIndex((line) => line.startsWith('//'));
      const length = lines.slice(begin).findIndex((line) => !line.startsWith('//'));
      const what = lines.splice(begin, length).map((line) => line.replace(/^\/\/ ?/, ''));
      return {
        name: file.replaceAll('\\', '/').replace(/\.wgsl$/, ''),
        what: paragraphs(what),
        source: `${lines.join('\n').trim()}\n`,
      };
    });
}

/** Lines shorter than this ended where their author wanted them to. */
const WRAPPED = 95;

/** Joins lines that were wrapped at the sources' width, so that a page can wrap them at its own. Indented ones are formulas. */
function paragraphs(lines: readonly string[]): string {
  let text = '';
  for (const [index, line] of lines.entries()) {
    const previous = lines[index - 1] ?? '';
    const isGoingOn = previous.length >= WRAPPED && !/^\s|^$/.test(previous) && !/^\s|^$/.test(line);
    text += index === 0 ? line : `${isGoingOn ? ' ' : '\n'}${line}`;
  }
  return text;
}
