import type { DType, Tensor } from './tensor.ts';
import { ArgumentError } from './errors.ts';

/** Element type of a storage binding as the WGSL declares it. */
export type ElementType =
  'f32' | 'vec2<f32>' | 'vec4<f32>' | 'u32' | 'vec2<u32>' | 'vec4<u32>' | 'i32' | 'vec2<i32>' | 'vec4<i32>';

/** Scalar types of a uniform field or a module constant. */
export type ScalarType = 'f32' | 'u32' | 'i32';

/** What the generator writes beside every .wgsl file: its text and the typed table of what it binds. */
export interface KernelModule {
  /** `<op>/<file>`, e.g. `joint_head/forward`: the name in profiles and error messages. */
  readonly name: string;
  /** The WGSL without comments; line numbers are those of the file. */
  readonly source: string;
  /** Optional WebGPU features that the kernel enables. */
  readonly features: readonly 'subgroups'[];
  /** Storage bindings by name; `read` or `read_write`. */
  readonly bindings: {
    readonly [name: string]: {
      readonly index: number;
      readonly access: 'read' | 'read_write';
      readonly element: ElementType;
    };
  };
  /** The uniform struct `params`, if the kernel has one. Offsets and size in bytes. */
  readonly params: {
    readonly index: number;
    readonly size: number;
    readonly fields: { readonly [name: string]: { readonly offset: number; readonly type: ScalarType } };
  } | null;
  /** Module constants with a literal value: the defaults which a launch may override. */
  readonly constants: { readonly [name: string]: { readonly type: ScalarType; readonly value: number } };
}

type DTypeOf<E extends ElementType> = E extends `${string}f32${string}`
  ? 'f32'
  : E extends `${string}u32${string}`
    ? 'u32'
    : 'i32';

/** The tensors a launch of kernel M must name, each with the element type that its WGSL declares. */
export type Buffers<M extends KernelModule> = {
  readonly [K in keyof M['bindings']]: Tensor<DTypeOf<M['bindings'][K]['element']>>;
};

/** The uniform values a launch of kernel M must give. */
export type Params<M extends KernelModule> = M['params'] extends { readonly fields: infer F }
  ? { readonly [K in keyof F]: number }
  : Record<string, never>;

/** The constants of kernel M that a launch may override (they specialise the pipeline). */
export type Constants<M extends KernelModule> = { readonly [K in keyof M['constants']]?: number };

/** Untyped view of a launch's tensors, for code that walks them by name. */
export type AnyBuffers = { readonly [name: string]: Tensor<DType> };

/** The dtype that a binding's element type is stored as. */
export function dtypeOf(element: ElementType): DType {
  return element.includes('f32') ? 'f32' : element.includes('u32') ? 'u32' : 'i32';
}

/** A WGSL literal of the given type. Infinity and NaN have none: pass those as params. */
function literal(type: ScalarType, value: number): string {
  if (type === 'u32') return `${value}u`;
  if (type === 'i32') return `${value}i`;
  return Number.isInteger(value) ? `${value}.0` : `${value}`;
}

/** Rewrites `const NAME: type = ...;` lines of a kernel. Throws on an unknown name or a value outside the type. */
export function specialise(
  kernel: KernelModule,
  constants: { readonly [name: string]: number | undefined },
): string {
  let source = kernel.source;
  for (const [name, value] of Object.entries(constants)) {
    if (value === undefined) continue;
    const declared = kernel.constants[name];
    if (declared === undefined) {
      throw new ArgumentError(
        `${kernel.name}: constant ${name} is unknown, wanted one of ${Object.keys(kernel.constants).join(', ') || 'none'}`,
      );
    }
    const { type } = declared;
    const fits =
      Number.isFinite(value) && (type === 'f32' || Number.isInteger(value)) && (type !== 'u32' || value >= 0);
    if (!fits)
      throw new ArgumentError(`${kernel.name}: constant ${name} is ${value}, wanted a finite ${type}`);
    const declaration = new RegExp(`^const ${name}: ${type} = [^;]+;`, 'm');
    source = source.replace(declaration, `const ${name}: ${type} = ${literal(type, value)};`);
  }
  return source;
}
