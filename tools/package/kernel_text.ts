import { minifyWgsl } from './minify_wgsl.ts';

/**
 * A generated kernel module's JavaScript, in `src/kernels/<op>`, with its WGSL minified, and read from that text what the module's tables say.
 * Throws where there is none to find.
 */
export function minifyKernelModule(text: string): string {
  const lines = /const source = (\[[\s\S]*?\n\])\.join\('\\n'\);/.exec(text);
  const module = /export const (\w+) = \{\s*source,\s*"name": ("[\w/]+"),[\s\S]*?\n\};/.exec(text);
  if (lines?.[1] === undefined || module === null) throw new Error(`no WGSL in: ${text.slice(0, 200)}`);
  const strings = JSON.parse(lines[1].replace(/,\s*\]$/, ']')) as string[];
  const source = JSON.stringify(minifyWgsl(strings.join('\n')));
  const [, identifier, name] = module;
  return `import { describedKernel } from '../../runtime/described_kernel.js';
export const ${identifier} = /* @__PURE__ */ describedKernel(${name}, ${source});
`;
}
