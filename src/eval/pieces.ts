/** Pieces of a growing set of pixels, with what is known of each at its root. Pixels are positions in the padded picture. */
export class Pieces {
  readonly present: Uint8Array;
  readonly parent: Int32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly top: Int32Array;
  readonly bottom: Int32Array;
  /** Twice the area of the outer contour, where it is kept. */
  readonly doubledArea: Int32Array;
  /** First pixel in reading order. */
  readonly first: Int32Array;
  /** Best overlap of the piece's box with a true one; -1 where the box has changed since. */
  readonly overlap: Float64Array;
  readonly roots: Int32Array;
  rootCount = 0;

  constructor(size: number) {
    this.present = new Uint8Array(size);
    this.parent = new Int32Array(size);
    this.left = new Int32Array(size);
    this.right = new Int32Array(size);
    this.top = new Int32Array(size);
    this.bottom = new Int32Array(size);
    this.doubledArea = new Int32Array(size);
    this.first = new Int32Array(size);
    this.overlap = new Float64Array(size);
    this.roots = new Int32Array(size);
  }

  clear(): void {
    this.present.fill(0);
    this.rootCount = 0;
  }

  add(pixel: number, x: number, y: number): void {
    this.present[pixel] = 1;
    this.parent[pixel] = pixel;
    this.left[pixel] = x;
    this.right[pixel] = x;
    this.top[pixel] = y;
    this.bottom[pixel] = y;
    this.doubledArea[pixel] = 0;
    this.first[pixel] = pixel;
    this.overlap[pixel] = -1;
    this.roots[this.rootCount++] = pixel;
  }

  find(pixel: number): number {
    const { parent } = this;
    let here = pixel;
    for (let up = parent[here] ?? here; up !== here; up = parent[here] ?? here) {
      const above = parent[up] ?? up;
      parent[here] = above;
      here = above;
    }
    return here;
  }

  /** Joins the pieces of the root `a` and of the pixel `other`; returns the new root. */
  join(a: number, other: number): number {
    const b = this.find(other);
    if (a === b) return a;
    const { left, right, top, bottom, doubledArea, first } = this;
    // The piece that was there longer, and is larger as a rule, stays the root.
    this.parent[a] = b;
    left[b] = Math.min(left[a] ?? 0, left[b] ?? 0);
    right[b] = Math.max(right[a] ?? 0, right[b] ?? 0);
    top[b] = Math.min(top[a] ?? 0, top[b] ?? 0);
    bottom[b] = Math.max(bottom[a] ?? 0, bottom[b] ?? 0);
    doubledArea[b] = (doubledArea[a] ?? 0) + (doubledArea[b] ?? 0);
    first[b] = Math.min(first[a] ?? 0, first[b] ?? 0);
    this.overlap[b] = -1;
    return b;
  }

  /** Drops from the list of roots what has been joined to another piece since. */
  forgetJoined(): void {
    let kept = 0;
    for (let i = 0; i < this.rootCount; i++) {
      const root = this.roots[i] ?? 0;
      if (this.parent[root] === root) this.roots[kept++] = root;
    }
    this.rootCount = kept;
  }
}
