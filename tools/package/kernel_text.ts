import { minifyWgsl } from './minify_wgsl.ts';

/** A generated kernel module's text (TypeScript or what became of it) with its WGSL minified. Throws where there is none to find. */
export function minifyKernelModule(text: string): string {
  const lines = /const source = (\[[\s\S]*?\n\])\.join\('\\n'\);/.exec(text);
  if (lines?.[1] === undefined) throw new Error(`no WGSL in: ${text.slice(0, 200)}`);
  const strings = JSON.parse(lines[1].replace(/,\s*\]$/, ']')) as string[];
  const source = JSON.stringify(minifyWgsl(strings.join('\n')));
  return text.replace(lines[0], () => `const source = ${source};`);
}
