/**
 * The boxes of a score map's contours under all thresholds at once. A score map has at most 256 levels, so it has at most
 * 255 different binarisations {level > t}. As t falls the foreground only grows, as t rises the holes do: each is one pass of
 * union-find over the pixels in the order of their levels, with a bounding box at every root. A whole sweep costs about as much as
 * labelling two or three single binarisations. The result is that of `contourBoxes` at every t.
 */
import type { PixelBox } from './contours.ts';
import { boxOverlap } from './contours.ts';
import { Pieces } from './pieces.ts';

const LEVELS = 256;

/** Sweeps maps of one size; holds the memory that one sweep after the other uses. */
export class ContourSweep {
  readonly width: number;
  readonly height: number;
  readonly #stride: number;
  readonly #pieces: Pieces;
  readonly #order: Int32Array;
  readonly #starts = new Int32Array(LEVELS + 1);
  readonly #filled: Uint8Array;
  readonly #next: Int32Array;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.#stride = width + 2;
    const size = this.#stride * (height + 2);
    // One more than the picture: the root of all background that reaches the frame.
    this.#pieces = new Pieces(size + 1);
    this.#order = new Int32Array(width * height);
    this.#filled = new Uint8Array(width * height);
    this.#next = new Int32Array(width * height);
  }

  /**
   * For every t from 0 to 255: the highest overlap (intersection over union) that a contour box of the pixels with
   * `levels` [height, width] > t has with any of the `boxes`; of `all` contours, or of the `largest` alone. Throws when the number of
   * levels does not fit or there is no box.
   */
  overlaps(levels: Uint8Array, boxes: readonly PixelBox[], which: 'largest' | 'all'): Float64Array {
    const { width, height } = this;
    if (levels.length !== width * height) {
      throw new Error(
        `ContourSweep.overlaps: levels must hold ${height}x${width} = ${width * height} values, got ${levels.length}`,
      );
    }
    if (boxes.length === 0) throw new Error('ContourSweep.overlaps: boxes is empty');
    const best = new Float64Array(LEVELS);
    // Where nothing is foreground the official box is that of the first pixel.
    const nothing = overlapWith({ x0: 0, y0: 0, x1: 0, y1: 0 }, boxes);
    const highest = levels.reduce((high, level) => Math.max(high, level), 0);
    best.fill(nothing, highest);
    if (which === 'largest') {
      this.#largest(this.#fillHoles(levels), boxes, best);
    } else {
      this.#sort(levels);
      this.#outer(boxes, best);
      this.#holes(boxes, best);
    }
    return best;
  }

  /** Sorts the pixels by level, ascending, for the passes to come; pixels of a level keep their order. */
  #sort(levels: Uint8Array): void {
    const starts = this.#starts.fill(0);
    for (const level of levels) starts[level + 1] = (starts[level + 1] ?? 0) + 1;
    for (let level = 0; level < LEVELS; level++)
      starts[level + 1] = (starts[level + 1] ?? 0) + (starts[level] ?? 0);
    const places = starts.slice(0, LEVELS);
    for (let pixel = 0; pixel < levels.length; pixel++) {
      const level = levels[pixel] ?? 0;
      const place = places[level] ?? 0;
      this.#order[place] = pixel;
      places[level] = place + 1;
    }
  }

  /** Outer contours of 8-connected foreground, t falling. */
  #outer(boxes: readonly PixelBox[], best: Float64Array): void {
    const pieces = this.#pieces;
    pieces.clear();
    for (let level = LEVELS - 1; level > 0; level--) {
      const added = this.#addForeground(level, false);
      const t = level - 1;
      if (pieces.rootCount === 0) continue;
      best[t] = added ? this.#bestOfRoots(boxes, 0) : (best[t + 1] ?? 0);
    }
  }

  /** Contours of 4-connected holes, t rising. */
  #holes(boxes: readonly PixelBox[], best: Float64Array): void {
    const { width, height } = this;
    const stride = this.#stride;
    const pieces = this.#pieces;
    const { present } = pieces;
    pieces.clear();
    const outside = present.length - 1;
    pieces.add(outside, 0, 0);
    pieces.rootCount = 0;
    let overlap = 0;
    for (let t = 0; t < LEVELS - 1; t++) {
      const [start = 0, end = 0] = [this.#starts[t], this.#starts[t + 1]];
      for (let place = start; place < end; place++) {
        const pixel = this.#order[place] ?? 0;
        const y = Math.floor(pixel / width);
        const x = pixel - y * width;
        const padded = (y + 1) * stride + x + 1;
        pieces.add(padded, x, y);
        let root = padded;
        if (present[padded - stride] === 1) root = pieces.join(root, padded - stride);
        if (present[padded - 1] === 1) root = pieces.join(root, padded - 1);
        if (present[padded + 1] === 1) root = pieces.join(root, padded + 1);
        if (present[padded + stride] === 1) root = pieces.join(root, padded + stride);
        if (x === 0 || y === 0 || x === width - 1 || y === height - 1) pieces.join(root, outside);
      }
      if (end > start) {
        // The background outside is a root too, but no hole; keep it out of the list.
        const frame = pieces.find(outside);
        pieces.forgetJoined();
        let kept = 0;
        for (let i = 0; i < pieces.rootCount; i++) {
          const root = pieces.roots[i] ?? 0;
          if (root !== frame) pieces.roots[kept++] = root;
        }
        pieces.rootCount = kept;
        overlap = this.#bestOfRoots(boxes, 1);
      }
      if (overlap > (best[t] ?? 0)) best[t] = overlap;
    }
  }

  /**
   * The contour of the largest area, t falling. No contour is larger than the outer one around it, so only pieces outside of
   * all holes count, and `filled` has none: pixel by pixel the lowest t at which the pixel is background that reaches the frame.
   */
  #largest(filled: Uint8Array, boxes: readonly PixelBox[], best: Float64Array): void {
    this.#sort(filled);
    const pieces = this.#pieces;
    const { doubledArea, first, overlap } = pieces;
    pieces.clear();
    for (let level = LEVELS - 1; level > 0; level--) {
      const added = this.#addForeground(level, true);
      const t = level - 1;
      if (pieces.rootCount === 0) continue;
      if (!added) {
        best[t] = best[t + 1] ?? 0;
        continue;
      }
      pieces.forgetJoined();
      let largest = pieces.roots[0] ?? 0;
      for (let i = 1; i < pieces.rootCount; i++) {
        const root = pieces.roots[i] ?? 0;
        const difference = (doubledArea[root] ?? 0) - (doubledArea[largest] ?? 0);
        // Of equal areas OpenCV's first contour counts: the one that begins last.
        if (difference > 0 || (difference === 0 && (first[root] ?? 0) > (first[largest] ?? 0)))
          largest = root;
      }
      if (overlap[largest] === -1) overlap[largest] = overlapWith(this.#boxOf(largest, 0), boxes);
      best[t] = overlap[largest] ?? 0;
    }
  }

  /** Adds the pixels of a level to 8-connected pieces, with their areas on demand; says whether there were any. */
  #addForeground(level: number, areas: boolean): boolean {
    const { width } = this;
    const stride = this.#stride;
    const pieces = this.#pieces;
    const { present, doubledArea } = pieces;
    const [start = 0, end = 0] = [this.#starts[level], this.#starts[level + 1]];
    for (let place = start; place < end; place++) {
      const pixel = this.#order[place] ?? 0;
      const y = Math.floor(pixel / width);
      const x = pixel - y * width;
      const padded = (y + 1) * stride + x + 1;
      pieces.add(padded, x, y);
      const [north, south] = [padded - stride, padded + stride];
      const [nw = 0, n = 0, ne = 0] = [present[north - 1], present[north], present[north + 1]];
      const [w = 0, e = 0] = [present[padded - 1], present[padded + 1]];
      const [sw = 0, s = 0, se = 0] = [present[south - 1], present[south], present[south + 1]];
      let root = padded;
      if (n === 1) root = pieces.join(root, north);
      else {
        if (nw === 1) root = pieces.join(root, north - 1);
        if (ne === 1) root = pieces.join(root, north + 1);
      }
      if (w === 1) root = pieces.join(root, padded - 1);
      if (e === 1) root = pieces.join(root, padded + 1);
      if (s === 1) root = pieces.join(root, south);
      else {
        if (sw === 1) root = pieces.join(root, south - 1);
        if (se === 1) root = pieces.join(root, south + 1);
      }
      if (areas) {
        // The polygon through pixel centres covers half of a square of four pixels of which three are inside, and all of
        // one with four: each step from two to three and from three to four adds half a pixel.
        let doubled = doubledArea[root] ?? 0;
        if (n + nw + w >= 2) doubled++;
        if (n + ne + e >= 2) doubled++;
        if (s + sw + w >= 2) doubled++;
        if (s + se + e >= 2) doubled++;
        doubledArea[root] = doubled;
      }
    }
    return end > start;
  }

  #bestOfRoots(boxes: readonly PixelBox[], margin: number): number {
    const pieces = this.#pieces;
    pieces.forgetJoined();
    let best = 0;
    for (let i = 0; i < pieces.rootCount; i++) {
      const root = pieces.roots[i] ?? 0;
      let overlap = pieces.overlap[root] ?? 0;
      if (overlap === -1) {
        overlap = overlapWith(this.#boxOf(root, margin), boxes);
        pieces.overlap[root] = overlap;
      }
      if (overlap > best) best = overlap;
    }
    return best;
  }

  /** The contour of a hole runs through the pixels around it: `margin` 1. */
  #boxOf(root: number, margin: number): PixelBox {
    const { left, right, top, bottom } = this.#pieces;
    return {
      x0: (left[root] ?? 0) - margin,
      y0: (top[root] ?? 0) - margin,
      x1: Math.min((right[root] ?? 0) + margin + 1, this.width - 1),
      y1: Math.min((bottom[root] ?? 0) + margin + 1, this.height - 1),
    };
  }

  /**
   * For every pixel the highest level without which no 4-connected way leads to the frame: the picture with its holes filled at every
   * threshold, by flooding it from the frame in the order of levels.
   */
  #fillHoles(levels: Uint8Array): Uint8Array {
    const { width, height } = this;
    const filled = this.#filled;
    const next = this.#next;
    const heads = new Int32Array(LEVELS).fill(-1);
    const reached = new Uint8Array(levels.length);
    const reach = (pixel: number, from: number): void => {
      if (reached[pixel] === 1) return;
      reached[pixel] = 1;
      const level = Math.max(levels[pixel] ?? 0, from);
      filled[pixel] = level;
      next[pixel] = heads[level] ?? -1;
      heads[level] = pixel;
    };
    for (let x = 0; x < width; x++) {
      reach(x, 0);
      reach((height - 1) * width + x, 0);
    }
    for (let y = 0; y < height; y++) {
      reach(y * width, 0);
      reach(y * width + width - 1, 0);
    }
    for (let level = 0; level < LEVELS; level++) {
      for (let pixel = heads[level] ?? -1; pixel >= 0; pixel = heads[level] ?? -1) {
        heads[level] = next[pixel] ?? -1;
        const y = Math.floor(pixel / width);
        const x = pixel - y * width;
        if (x > 0) reach(pixel - 1, level);
        if (x < width - 1) reach(pixel + 1, level);
        if (y > 0) reach(pixel - width, level);
        if (y < height - 1) reach(pixel + width, level);
      }
    }
    return filled;
  }
}

function overlapWith(box: PixelBox, boxes: readonly PixelBox[]): number {
  let best = 0;
  for (const other of boxes) best = Math.max(best, boxOverlap(box, other));
  return best;
}
