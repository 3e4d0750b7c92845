/**
 * Contours of a binary picture as OpenCV's `findContours(RETR_TREE, CHAIN_APPROX_NONE)` finds them, by following every border
 * (Suzuki and Abe, "Topological structural analysis of digitized binary images by border following", 1985). This is the direct
 * form, one threshold at a time; `ContourSweep` gives the same boxes for all thresholds at once.
 */

/** A border of the foreground, as a closed walk through the centres of its pixels. */
export interface Contour {
  /** False: the outer border of an 8-connected piece. True: the border, still on the foreground, of a 4-connected hole in one. */
  readonly hole: boolean;
  /** x and y by turns, in the order of the walk; a thin piece is walked along both its sides. */
  readonly points: readonly number[];
}

/** Corners of a box of pixels, all of them inside. */
export interface PixelBox {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** The eight neighbours clockwise on the screen (y grows downward), from the left one on. */
const AROUND: readonly (readonly [x: number, y: number])[] = [
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
];

interface Region {
  readonly foreground: boolean;
  readonly children: number[];
  /** Its first pixel in reading order, as a position in the padded picture. */
  readonly first: number;
}

/** The picture with a frame of background around it, and the region to which each of its pixels belongs. */
class Regions {
  readonly stride: number;
  readonly foreground: Uint8Array;
  readonly of: Int32Array;
  readonly all: Region[] = [];

  constructor(binary: Uint8Array, width: number, height: number) {
    this.stride = width + 2;
    this.foreground = new Uint8Array(this.stride * (height + 2));
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        this.foreground[(y + 1) * this.stride + x + 1] = binary[y * width + x] === 0 ? 0 : 1;
    this.of = new Int32Array(this.foreground.length).fill(-1);
    for (let pixel = 0; pixel < this.of.length; pixel++) {
      if (this.of[pixel] !== -1) continue;
      const region = this.all.length;
      // What lies to the left of a region's first pixel encloses it; the frame has nothing to its left.
      if (pixel > 0) this.all[this.of[pixel - 1] ?? 0]?.children.push(region);
      this.all.push({ foreground: this.foreground[pixel] === 1, children: [], first: pixel });
      this.fill(pixel, region);
    }
  }

  private fill(start: number, region: number): void {
    const kind = this.foreground[start] ?? 0;
    // Pieces hold together across corners, holes do not.
    const steps = AROUND.filter(([x, y]) => kind === 1 || x === 0 || y === 0);
    const waiting = [start];
    this.of[start] = region;
    for (let pixel = waiting.pop(); pixel !== undefined; pixel = waiting.pop()) {
      const column = pixel % this.stride;
      for (const [x, y] of steps) {
        const next = pixel + y * this.stride + x;
        if (column + x < 0 || column + x >= this.stride || this.of[next] !== -1) continue;
        if (this.foreground[next] !== kind) continue;
        this.of[next] = region;
        waiting.push(next);
      }
    }
  }

  /** The walk from the border pixel `start`, whose neighbour in direction `outside` is background. */
  follow(start: number, outside: number): number[] {
    const position = (pixel: number): [number, number] => [
      (pixel % this.stride) - 1,
      Math.floor(pixel / this.stride) - 1,
    ];
    const step = (pixel: number, direction: number): number => {
      const [x, y] = AROUND[direction & 7] ?? [0, 0];
      return pixel + y * this.stride + x;
    };
    let direction = outside;
    do direction = (direction + 1) & 7;
    while (direction !== outside && this.foreground[step(start, direction)] === 0);
    if (direction === outside) return position(start);
    const last = step(start, direction);
    const points: number[] = [];
    for (let here = start; ;) {
      points.push(...position(here));
      // Counter-clockwise from where the walk came from.
      do direction = (direction + 7) & 7;
      while (this.foreground[step(here, direction)] === 0);
      const next = step(here, direction);
      if (next === start && here === last) return points;
      here = next;
      direction = (direction + 4) & 7;
    }
  }
}

/**
 * All contours of the pixels that are not 0 of `binary` [height, width], in OpenCV's order: a contour comes before those
 * inside it, and of contours side by side the one whose region begins last in reading order comes first.
 */
export function findContours(binary: Uint8Array, width: number, height: number): Contour[] {
  if (binary.length !== width * height) {
    throw new Error(
      `findContours: binary must hold ${height}x${width} = ${width * height} pixels, got ${binary.length}`,
    );
  }
  const regions = new Regions(binary, width, height);
  const contours: Contour[] = [];
  const waiting = [...(regions.all[0]?.children ?? [])];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const region = regions.all[next];
    if (region === undefined) continue;
    const { foreground, first, children } = region;
    // A hole is bordered by the pixel before its first one, from where it lies to the right.
    contours.push({
      hole: !foreground,
      points: foreground ? regions.follow(first, 0) : regions.follow(first - 1, 4),
    });
    waiting.push(...children);
  }
  return contours;
}

/** Area of the polygon through the centres of the contour's pixels, in pixels: 0 for a line (OpenCV's `contourArea`). */
export function contourArea({ points }: Contour): number {
  let doubled = 0;
  for (let i = 0; i < points.length; i += 2) {
    const next = (i + 2) % points.length;
    doubled += (points[i] ?? 0) * (points[next + 1] ?? 0) - (points[next] ?? 0) * (points[i + 1] ?? 0);
  }
  return Math.abs(doubled) / 2;
}

/** The contour's bounding box, in the official evaluation's form: the far corner one pixel beyond, but within the picture. */
export function contourBox({ points }: Contour, width: number, height: number): PixelBox {
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  return {
    x0: Math.min(...xs),
    y0: Math.min(...ys),
    x1: Math.min(Math.max(...xs) + 1, width - 1),
    y1: Math.min(Math.max(...ys) + 1, height - 1),
  };
}

/**
 * The boxes of one binarisation (`compute_bboxes_from_scoremaps` of wsolevaluation): of `all` contours, in their order, or of the
 * `largest` alone, the first of equals. A picture without foreground has the box of its first pixel.
 */
export function contourBoxes(
  binary: Uint8Array,
  width: number,
  height: number,
  which: 'largest' | 'all',
): PixelBox[] {
  const contours = findContours(binary, width, height);
  if (contours.length === 0) return [{ x0: 0, y0: 0, x1: 0, y1: 0 }];
  if (which === 'all') return contours.map((contour) => contourBox(contour, width, height));
  const areas = contours.map(contourArea);
  const largest = contours[areas.indexOf(Math.max(...areas))];
  return largest === undefined ? [] : [contourBox(largest, width, height)];
}

/** Intersection over union of two boxes whose corner pixels are inside. */
export function boxOverlap(a: PixelBox, b: PixelBox): number {
  const width = Math.min(a.x1, b.x1) - Math.max(a.x0, b.x0) + 1;
  const height = Math.min(a.y1, b.y1) - Math.max(a.y0, b.y0) + 1;
  if (width <= 0 || height <= 0) return 0;
  const area = (box: PixelBox): number => (box.x1 - box.x0 + 1) * (box.y1 - box.y0 + 1);
  return (width * height) / (area(a) + area(b) - width * height);
}
