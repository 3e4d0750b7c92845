import type { Engine } from '../../src/runtime/engine.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/runtime/create_engine.ts';
import { describedKernel } from '../../src/runtime/described_kernel.ts';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { minifyWgsl } from '../../tools/package/minify_wgsl.ts';
import { readKernel } from '../../tools/kernel_module.ts';
import { specialise } from '../../src/runtime/kernel.ts';

const folder = join(import.meta.dirname, '..', '..', 'src', 'kernels');
const kernels = globSync('**/*.wgsl', { cwd: folder })
  .toSorted()
  .map((file) => [file, readFileSync(join(folder, file), 'utf8')] as const);

/** The tokens of a WGSL text, by a grammar of its own: names and numbers, operators at their longest, single signs. */
function tokens(source: string): string[] {
  const bare = source.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, ' ');
  return (
    bare.match(
      /[A-Za-z_]\w*|\.?\d[\w.]*(?:(?<=[eE])[+-]\d+f?)?|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|\S/g,
    ) ?? []
  );
}

describe('minified WGSL', () => {
  test('has the same tokens in the same order, for every kernel', () => {
    expect(kernels.length).toBeGreaterThan(50);
    for (const [file, source] of kernels) {
      const minified = minifyWgsl(source);
      expect(tokens(minified), file).toEqual(tokens(source));
      expect(minified.length, file).toBeLessThan(0.8 * source.length);
    }
  });

  test('is read as the same bindings, uniforms and constants, and its constants can still be set', () => {
    for (const [file, source] of kernels) {
      const minified = minifyWgsl(source);
      const { source: _, ...table } = readKernel(file, source);
      const { source: text, ...other } = readKernel(file, minified);
      expect(other, file).toEqual(table);
      // What the package's modules make of it where ours have the generator's tables.
      expect(describedKernel(table.name, minified), file).toEqual({ source: minified, ...table });
      for (const [name, { type, value }] of Object.entries(table.constants)) {
        const kernel = { ...table, source: text };
        expect(specialise(kernel, { [name]: value === 1 ? 2 : 1 }), `${file}: ${name}`).not.toBe(
          specialise(kernel, { [name]: value }),
        );
        expect(['f32', 'u32', 'i32']).toContain(type);
      }
    }
  });

  test.each([
    ['a - -b', 'a- -b'],
    ['a & &b', 'a& &b'],
    ['let x = 1.0 * y; // comment', 'let x=1.0*y;'],
    ['const A: u32 = 8u;\nfn main() {}', 'const A: u32 = 8u;\nfn main(){}'],
    ['if a < b { return ; }', 'if a<b{return;}'],
    ['/* one\ntwo */ var<private> x : f32;', 'var<private>x:f32;'],
  ])('%j becomes %j', (source, wanted) => {
    expect(minifyWgsl(source)).toBe(wanted);
  });

  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine();
  });
  afterAll(() => engine.destroy());

  test('compiles, for every kernel that the adapter can run', async () => {
    let compiled = 0;
    for (const [file, source] of kernels) {
      if (readKernel(file, source).features.some((feature) => !engine.device.features.has(feature))) continue;
      engine.device.pushErrorScope('validation');
      const module = engine.device.createShaderModule({ label: file, code: minifyWgsl(source) });
      const { messages } = await module.getCompilationInfo();
      const error = await engine.device.popErrorScope();
      expect([error?.message, messages.map(({ message }) => message)], file).toEqual([undefined, []]);
      compiled++;
    }
    expect(compiled).toBeGreaterThan(50);
  });
});
