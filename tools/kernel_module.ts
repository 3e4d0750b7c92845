import type { ElementType, KernelModule, ScalarType } from '../src/runtime/kernel.ts';
import { createHash } from 'node:crypto';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

const SCALARS: readonly string[] = ['f32', 'u32', 'i32'] satisfies ScalarType[];
const ELEMENTS: readonly string[] = [
  'f32',
  'vec2<f32>',
  'vec4<f32>',
  'u32',
  'vec2<u32>',
  'vec4<u32>',
  'i32',
  'vec2<i32>',
  'vec4<i32>',
] satisfies ElementType[];

const isScalar = (name: string): name is ScalarType => SCALARS.includes(name);
const isElement = (name: string): name is ElementType => ELEMENTS.includes(name);

/** Comments go (a page need not load them), lines stay: compiler messages then point at the line of the .wgsl file. */
export function stripComments(source: string): string {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ''))
    .replaceAll(/[ \t]*\/\/[^\n]*/g, '');
}

/**
 * Reads one kernel and returns the typed table that the runtime binds it by. Throws, naming the kernel, on what our rules
 * exclude: groups other than 0, bindings that are not arrays of plain numbers, a uniform that is not `params`.
 */
export function readKernel(name: string, wgsl: string): KernelModule {
  const fail = (what: string): never => {
    throw new Error(`${name}.wgsl: ${what}`);
  };
  let reflection: WgslReflect;
  try {
    reflection = new WgslReflect(wgsl);
  } catch (error) {
    return fail(`does not parse: ${error instanceof Error ? error.message : String(error)}`);
  }
  const [group, ...otherGroups] = reflection.getBindGroups();
  if (group === undefined || otherGroups.length > 0) return fail('wants exactly one bind group, @group(0)');
  const bindings: Record<string, KernelModule['bindings'][string]> = {};
  let params: KernelModule['params'] = null;
  for (const variable of group) {
    if (variable === undefined) return fail('binding numbers must count from 0 without gaps');
    const index = variable.binding;
    if (variable.name === 'params') {
      const fields: Record<string, { offset: number; type: ScalarType }> = {};
      for (const member of variable.members ?? []) {
        const type = member.type.name;
        if (!isScalar(type)) return fail(`params.${member.name} must be f32, u32 or i32`);
        fields[member.name] = { offset: member.offset, type };
      }
      params = { index, size: Math.ceil(variable.size / 16) * 16, fields };
      continue;
    }
    // The reflector prints array<vec4<f32>> as "array<vec4f, 0>".
    const printed = /^array<(\w+), 0>$/.exec(variable.type.getTypeName())?.[1] ?? '';
    const element = printed.replace(
      /^(vec[24])([fui])$/,
      (_, vector: string, scalar: string) => `${vector}<${scalar}32>`,
    );
    if (!isElement(element))
      return fail(`binding ${variable.name} must be an array of one of ${ELEMENTS.join(', ')}`);
    const access = variable.access === 'read_write' ? 'read_write' : 'read';
    bindings[variable.name] = { index, access, element };
  }
  const constants: Record<string, { type: ScalarType; value: number }> = {};
  for (const [, constant, type, value] of wgsl.matchAll(
    /^const ([A-Z][A-Z0-9_]*): (f32|u32|i32) = (-?[0-9][0-9.e+-]*)[fui]?;/gm,
  )) {
    if (constant === undefined || type === undefined || !isScalar(type)) continue;
    constants[constant] = { type, value: Number(value) };
  }
  const features = /^enable subgroups;/m.test(wgsl) ? (['subgroups'] as const) : [];
  return { name, source: stripComments(wgsl), features, bindings, params, constants };
}

/** `input_gradient` -> `inputGradient`: the name under which a file's kernel is exported. */
export function exportName(file: string): string {
  return file.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The text of the committed module beside `<op>/<file>.wgsl`. */
export function kernelModuleText(op: string, file: string, wgsl: string): string {
  const kernel = readKernel(`${op}/${file}`, wgsl);
  const { source, ...table } = kernel;
  const lines = source.split('\n').map((line) => `  ${JSON.stringify(line)},`);
  const digest = createHash('sha256').update(wgsl).digest('hex');
  return [
    `// Generated from ${file}.wgsl by \`npm run generate\`: do not edit.`,
    `// wgsl-sha256: ${digest}`,
    "import type { KernelModule } from '../../runtime/kernel.ts';",
    '',
    'const source = [',
    ...lines,
    "].join('\\n');",
    '',
    `export const ${exportName(file)} = {`,
    '  source,',
    ...JSON.stringify(table, null, 2).split('\n').slice(1, -1),
    '} as const satisfies KernelModule;',
    '',
  ].join('\n');
}
