import type { Plane } from '../image.ts';
import type { RandomStream } from '../../runtime/random.ts';
import type { Canvas } from './canvas.ts';
import { coverage, eachPixel, paint } from './canvas.ts';
import type { Color, Point } from './geometry.ts';
import { cosineOfTurn, scaleColor, sineOfTurn, smoothStep, triangleWave } from './geometry.ts';

/** A leaf, petal or lost feather: pointed at both ends. */
export interface Leaf {
  readonly center: Point;
  readonly length: number;
  readonly width: number;
  readonly cosine: number;
  readonly sine: number;
  readonly color: Color;
  /** Pixels over which the edge fades; 1 is sharp. */
  readonly softness: number;
}

/** A leaf of random size and direction. */
export function randomLeaf(random: RandomStream, center: Point, size: number, color: Color): Leaf {
  const length = random.uniform(0.05, 0.11) * size;
  const turn = random.uniform();
  return {
    center,
    length,
    width: length * random.uniform(0.32, 0.5),
    cosine: cosineOfTurn(turn),
    sine: sineOfTurn(turn),
    color,
    softness: random.uniform(1, 2.2),
  };
}

/** How much of the pixel with this centre the leaf covers. */
export function leafCoverage(leaf: Leaf, x: number, y: number): number {
  const dx = x - leaf.center.x;
  const dy = y - leaf.center.y;
  const along = (dx * leaf.cosine + dy * leaf.sine) / leaf.length;
  const across = dy * leaf.cosine - dx * leaf.sine;
  if (along < -1 || along > 1) return 0;
  return coverage((Math.abs(across) - leaf.width * (1 - along * along)) / leaf.softness);
}

export function paintLeaf(canvas: Canvas, leaf: Leaf): void {
  const { center, length, width, cosine, sine, color } = leaf;
  paint(canvas, center, length + 1, (x, y) => {
    const alpha = leafCoverage(leaf, x, y);
    if (alpha === 0) return { alpha, color };
    const dx = x - center.x;
    const dy = y - center.y;
    const along = (dx * cosine + dy * sine) / length;
    const across = (dy * cosine - dx * sine) / width;
    const midrib = 1 - 0.25 * smoothStep(0.16, 0.04, Math.abs(across));
    const veins = triangleWave(along * 4 - Math.abs(across) * 1.2);
    const light = midrib * (across < 0 ? 1.12 : 0.9) * (1 - 0.1 * smoothStep(0.3, 0.1, veins));
    return { alpha, color: scaleColor(color, light) };
  });
}

/** Marks the pixels of a plane that a leaf covers by more than half. */
export function stampLeaf(plane: Plane, leaf: Leaf, value: number): void {
  eachPixel(plane, leaf.center, leaf.length + 1, (x, y) => {
    if (leafCoverage(leaf, x + 0.5, y + 0.5) > 0.5) plane.data[y * plane.width + x] = value;
  });
}
