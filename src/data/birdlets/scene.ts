import type { RandomStream } from '../../runtime/random.ts';
import type { Canvas } from './canvas.ts';
import { paintBranch, paintDisc } from './canvas.ts';
import { CUE_COLORS, PALETTE } from './classes.ts';
import type { Color, Point } from './geometry.ts';
import { clamp, cosineOfTurn, mix, mixColor, scaleColor, sineOfTurn, smoothStep } from './geometry.ts';
import { paintLeaf, randomLeaf } from './leaf.ts';
import { valueNoise } from './noise.ts';

/** A place and season: the colours far away, above and below, and those of its leaves. */
interface Habitat {
  readonly upper: Color;
  readonly lower: Color;
  readonly leaves: readonly Color[];
}

const HABITATS: readonly Habitat[] = [
  {
    upper: [150, 190, 150],
    lower: [56, 92, 52],
    leaves: [
      [70, 130, 60],
      [104, 158, 70],
      [48, 98, 60],
      [140, 170, 80],
    ],
  },
  {
    upper: [214, 190, 140],
    lower: [120, 78, 46],
    leaves: [
      [176, 98, 40],
      [196, 140, 50],
      [140, 70, 40],
      [120, 110, 50],
    ],
  },
  {
    upper: [176, 210, 232],
    lower: [96, 140, 130],
    leaves: [
      [80, 140, 110],
      [60, 120, 100],
      [120, 170, 120],
      [90, 130, 70],
    ],
  },
  {
    upper: [120, 130, 150],
    lower: [48, 62, 66],
    leaves: [
      [60, 92, 80],
      [80, 110, 90],
      [50, 76, 60],
      [96, 120, 84],
    ],
  },
  {
    upper: [226, 218, 176],
    lower: [150, 160, 74],
    leaves: [
      [130, 158, 60],
      [160, 176, 80],
      [98, 128, 50],
      [176, 164, 70],
    ],
  },
  {
    upper: [206, 186, 206],
    lower: [100, 92, 110],
    leaves: [
      [110, 120, 90],
      [90, 110, 80],
      [140, 120, 110],
      [86, 98, 70],
    ],
  },
];

const BARK: readonly Color[] = [
  [112, 84, 62],
  [92, 76, 64],
  [132, 104, 80],
  [84, 64, 48],
];

/** Everything around the bird. */
export interface Habitation {
  readonly habitat: Habitat;
  readonly bark: Color;
}

/** Paints distance, blurred lights, leaves, berries, flowers and lost feathers. `clutter` scales how many there are. */
export function paintBackground(canvas: Canvas, random: RandomStream, clutter: number): Habitation {
  const size = canvas.width;
  const habitat = random.pick(HABITATS);
  const bark = jitter(random.pick(BARK), random, 0.08);
  const place = (): Point => ({ x: random.uniform(0, size), y: random.uniform(0, canvas.height) });
  const count = (low: number, high: number): number => Math.round(random.uniform(low, high) * clutter);
  const leafColor = (): Color => jitter(random.pick(habitat.leaves), random, 0.14);
  const cueColor = (): Color => jitter(PALETTE[random.pick(CUE_COLORS)], random, 0.1);

  paintDistance(canvas, habitat, random.nextUint32());
  for (let i = count(10, 20); i > 0; i--) {
    const radius = random.uniform(0.03, 0.11) * size;
    const color = random.chance(0.6) ? scaleColor(leafColor(), random.uniform(0.8, 1.5)) : cueColor();
    paintDisc(canvas, place(), radius, radius * random.uniform(0.25, 0.9), color, random.uniform(0.2, 0.6));
  }
  for (let i = count(1, 3); i > 0; i--) {
    const from = { x: random.chance(0.5) ? -4 : size + 4, y: random.uniform(0, canvas.height) };
    paintBranch(
      canvas,
      from,
      place(),
      random.uniform(0.012, 0.03) * size,
      0.006 * size,
      bark,
      random.nextUint32(),
    );
  }
  for (let i = count(5, 12); i > 0; i--) paintLeaf(canvas, randomLeaf(random, place(), size, leafColor()));
  for (let i = count(4, 9); i > 0; i--) {
    const center = place();
    if (random.chance(0.45)) {
      paintLeaf(canvas, randomLeaf(random, center, size * 1.15, cueColor()));
    } else if (random.chance(0.5)) {
      paintFlower(canvas, center, random.uniform(0.022, 0.045) * size, cueColor(), random.uniform());
    } else {
      paintBerries(canvas, center, random.uniform(0.018, 0.04) * size, cueColor(), random);
    }
  }
  return { habitat, bark };
}

/** The far background: a gradient with blurred light and shade. So smooth that a coarse grid, interpolated, does. */
function paintDistance(canvas: Canvas, { upper, lower, leaves }: Habitat, key: number): void {
  const { width, height, data } = canvas;
  const far = leaves[key & 3] ?? lower;
  const cells = 32;
  const grid = new Float64Array((cells + 1) * (cells + 1) * 3);
  for (let row = 0, at = 0; row <= cells; row++) {
    for (let column = 0; column <= cells; column++) {
      const u = (column / cells) * 4;
      const v = (row / cells) * 4;
      const down = clamp(row / cells + 0.9 * (valueNoise(u, v, key) - 0.5), 0, 1);
      const shade = smoothStep(0.45, 0.85, valueNoise(u * 2.3 + 9, v * 2.3, key ^ 0x51ed27)) * 0.55;
      const color = mixColor(mixColor(upper, lower, down), far, shade);
      for (const value of color) grid[at++] = value;
    }
  }
  const line = (cells + 1) * 3;
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(Math.floor((y / height) * cells), cells - 1);
    const v = (y / height) * cells - row;
    for (let x = 0; x < width; x++) {
      const column = Math.min(Math.floor((x / width) * cells), cells - 1);
      const u = (x / width) * cells - column;
      const corner = row * line + column * 3;
      for (let channel = 0; channel < 3; channel++) {
        const i = corner + channel;
        const above = mix(grid[i] ?? 0, grid[i + 3] ?? 0, u);
        data[at++] = mix(above, mix(grid[i + line] ?? 0, grid[i + line + 3] ?? 0, u), v);
      }
    }
  }
}

/** Channels scaled independently by up to `amount`, and all together by as much again. */
export function jitter(color: Color, random: RandomStream, amount: number): Color {
  const all = 1 + random.uniform(-amount, amount);
  const one = (): number => all * (1 + random.uniform(-amount, amount));
  return [color[0] * one() + 4, color[1] * one() + 4, color[2] * one() + 4];
}

function paintFlower(canvas: Canvas, center: Point, radius: number, color: Color, turn: number): void {
  for (let petal = 0; petal < 5; petal++) {
    const x = center.x + radius * cosineOfTurn(turn + petal / 5);
    const y = center.y + radius * sineOfTurn(turn + petal / 5);
    paintDisc(canvas, { x, y }, radius * 0.72, 1.2, scaleColor(color, petal & 1 ? 0.94 : 1.05), 1);
  }
  paintDisc(canvas, center, radius * 0.42, 1.2, mixColor(color, [120, 90, 20], 0.6), 1);
}

function paintBerries(
  canvas: Canvas,
  center: Point,
  radius: number,
  color: Color,
  random: RandomStream,
): void {
  for (let i = random.integer(3) + 1; i > 0; i--) {
    const x = center.x + random.uniform(-2, 2) * radius;
    const y = center.y + random.uniform(-1.6, 1.6) * radius;
    paintDisc(canvas, { x, y }, radius, 1.2, scaleColor(color, 0.8), 1);
    paintDisc(
      canvas,
      { x: x - radius * 0.25, y: y - radius * 0.3 },
      radius * 0.55,
      radius * 0.8,
      scaleColor(color, 1.15),
      0.8,
    );
    paintDisc(
      canvas,
      { x: x - radius * 0.35, y: y - radius * 0.4 },
      radius * 0.18,
      1.2,
      [255, 255, 255],
      0.7,
    );
  }
}

/** Exposure, tint and vignette of the whole picture: shared by bird and background. */
export function develop(canvas: Canvas, random: RandomStream): void {
  const { width, height, data } = canvas;
  const exposure = random.uniform(0.82, 1.12);
  const warmth = random.uniform(-0.07, 0.07);
  const gains = [exposure * (1 + warmth), exposure, exposure * (1 - warmth)];
  const side = random.uniform(-0.14, 0.14);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = x / width - 0.5;
      const dy = y / height - 0.5;
      const local = 1 - 0.35 * (dx * dx + dy * dy) + side * dx;
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++)
        data[at + channel] = (data[at + channel] ?? 0) * (gains[channel] ?? 1) * local;
    }
  }
}
