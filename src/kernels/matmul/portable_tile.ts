import type { Variant } from './variant.ts';
import { ceilDivide } from '../../runtime/grid.ts';

/** Rows, and columns, that an invocation of the portable kernels keeps. */
const OWN = 8;

/** Invocations of a workgroup, down and across: constants of the portable kernels. */
interface WorkgroupShape {
  readonly DOWN: number;
  readonly ACROSS: number;
}

/** How the portable kernels cut a product: constants for the kernel, tiles down and across, and the parts of each sum. */
export interface PortableTiling {
  readonly constants: WorkgroupShape;
  readonly rowTiles: number;
  readonly columnTiles: number;
  readonly splits: number;
}

/** What a product looks like to whoever cuts it up. */
export interface PortableProduct {
  readonly rows: number;
  readonly columns: number;
  /** Terms, or pixels, that each element sums. */
  readonly terms: number;
  /** Most elements that all parts of the result together may take; 0 where sums cannot be split. */
  readonly mostPartElements: number;
}

const SQUARE: WorkgroupShape = { DOWN: 8, ACROSS: 8 };
const TALL: WorkgroupShape = { DOWN: 16, ACROSS: 8 };
const WIDE: WorkgroupShape = { DOWN: 8, ACROSS: 16 };

/**
 * Invocations that keep an adapter busy: a few workgroups a core, or what fits into the registers of a large GPU. Twice as many, of which
 * the second half waits, take up to a fifth longer: measured with an H200, of 132 processors with room for 384 each.
 */
const BUSY_INVOCATIONS = { software: 1024, hardware: 50_688 };
/** Fewest terms (or pixels) of a part: below, writing and adding the parts costs as much as the product. */
export const PART_TERMS = 128;
/** Parts of split sums take at most so many elements: 64 MiB. */
export const MOST_PART_ELEMENTS = 1 << 24;
/** For the variants that tests force: parts, and fewest terms of one. */
const FORCED_PARTS = 3;
const FORCED_PART_TERMS = 16;

/** Which of the two portable kernels computes a product. */
export type PortableKernel = 'gather' | 'correlate';

/** On a GPU, 128 invocations gather faster than 64 (by a twentieth to a tenth), and correlate slower. */
function chooseShape(
  kernel: PortableKernel,
  columns: number,
  software: boolean,
  variant: Variant,
): WorkgroupShape {
  if (variant === 'portable-tall') return TALL;
  if (variant === 'portable-wide') return WIDE;
  if (software || kernel === 'correlate') return SQUARE;
  const padded = ({ ACROSS }: WorkgroupShape): number => ceilDivide(columns, OWN * ACROSS) * ACROSS;
  return padded(WIDE) > padded(TALL) ? TALL : WIDE;
}

/** The tiling under which a product is likely to be fastest. */
export function choosePortableTiling(
  kernel: PortableKernel,
  { rows, columns, terms, mostPartElements }: PortableProduct,
  { software, variant }: { readonly software: boolean; readonly variant: Variant },
): PortableTiling {
  const constants = chooseShape(kernel, columns, software, variant);
  const { DOWN, ACROSS } = constants;
  const rowTiles = ceilDivide(rows, OWN * DOWN);
  const columnTiles = ceilDivide(columns, OWN * ACROSS);
  const busy = software ? BUSY_INVOCATIONS.software : BUSY_INVOCATIONS.hardware;
  const [wanted, partTerms] =
    variant === 'portable'
      ? [Math.round(busy / (DOWN * ACROSS * rowTiles * columnTiles)), PART_TERMS]
      : [FORCED_PARTS, FORCED_PART_TERMS];
  const most = Math.floor(mostPartElements / (rows * columns));
  const splits = Math.max(1, Math.min(wanted, ceilDivide(terms, partTerms), most));
  return { constants, rowTiles, columnTiles, splits };
}
