import type { KernelModule, ScalarType } from './kernel.ts';

const BINDING = /@binding\((\d+)\) ?var<storage, ?(read|read_write)> ?(\w+): ?array<([\w<>]+)>;/g;
const PARAMS = /@binding\((\d+)\) ?var<uniform> ?params:/;
const STRUCT = /struct Params ?\{([^}]*)\}/;
const CONSTANT = /^const ([A-Z][A-Z0-9_]*): (f32|u32|i32) = (-?[0-9][0-9.e+-]*)[fui]?;/gm;

/**
 * What the generator tells of a kernel, read from its text: the package's modules have this call in place of tables that would be a
 * tenth of a page's download. It takes what the generator lets pass: parameters are scalars of four bytes.
 */
export function describedKernel(name: string, source: string): KernelModule {
  const bindings = [...source.matchAll(BINDING)].map(
    ([, index, access, binding, element]) => [binding, { index: Number(index), access, element }] as const,
  );
  const constants = [...source.matchAll(CONSTANT)].map(
    ([, constant, type, value]) => [constant, { type, value: Number(value) }] as const,
  );
  const index = PARAMS.exec(source)?.[1];
  const fields = (STRUCT.exec(source)?.[1] ?? '').split(',').filter((field) => field.trim() !== '');
  const described = {
    name,
    source,
    features: source.includes('enable subgroups;') ? ['subgroups'] : [],
    bindings: Object.fromEntries(bindings),
    params:
      index === undefined
        ? null
        : {
            index: Number(index),
            size: Math.ceil(fields.length / 4) * 16,
            fields: Object.fromEntries(
              fields.map((field, place) => {
                const [key = '', type = ''] = field.split(':');
                return [key.trim(), { offset: 4 * place, type: type.trim() as ScalarType }];
              }),
            ),
          },
    constants: Object.fromEntries(constants),
  };
  return described as KernelModule;
}
