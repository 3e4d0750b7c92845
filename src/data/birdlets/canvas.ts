import type { Color, Point } from './geometry.ts';
import { clamp, stickDistance } from './geometry.ts';
import { valueNoise } from './noise.ts';

/** A picture being painted: float RGB [height, width, 3], values 0..255. All coordinates are pixels, centres at +0.5. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** What a shape says of a point: how much it covers (0..1, antialiased) and its colour there. */
export type Shader = (x: number, y: number) => { alpha: number; color: Color };

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, data: new Float32Array(width * height * 3) };
}

/** Mixes a colour into pixel (x, y). */
export function blend(canvas: Canvas, x: number, y: number, color: Color, alpha: number): void {
  const at = (y * canvas.width + x) * 3;
  const { data } = canvas;
  for (let channel = 0; channel < 3; channel++) {
    const old = data[at + channel] ?? 0;
    data[at + channel] = old + ((color[channel] ?? 0) - old) * alpha;
  }
}

/** Calls `visit` for the pixels within `reach` of the centre. */
export function eachPixel(
  canvas: { readonly width: number; readonly height: number },
  center: Point,
  reach: number,
  visit: (x: number, y: number) => void,
): void {
  const left = Math.max(0, Math.floor(center.x - reach));
  const right = Math.min(canvas.width - 1, Math.ceil(center.x + reach));
  const top = Math.max(0, Math.floor(center.y - reach));
  const bottom = Math.min(canvas.height - 1, Math.ceil(center.y + reach));
  for (let y = top; y <= bottom; y++) for (let x = left; x <= right; x++) visit(x, y);
}

/** Paints a shape around a centre; nothing beyond `reach` is asked for. */
export function paint(canvas: Canvas, center: Point, reach: number, shader: Shader): void {
  eachPixel(canvas, center, reach, (x, y) => {
    const { alpha, color } = shader(x + 0.5, y + 0.5);
    if (alpha > 0) blend(canvas, x, y, color, alpha);
  });
}

/** Coverage of a pixel whose centre has this signed distance in pixels. */
export function coverage(distance: number): number {
  return clamp(0.5 - distance, 0, 1);
}

/** A disc whose edge fades over `softness` pixels: an out-of-focus light when soft, a berry when sharp. */
export function paintDisc(
  canvas: Canvas,
  center: Point,
  radius: number,
  softness: number,
  color: Color,
  alpha: number,
): void {
  paint(canvas, center, radius + softness, (x, y) => {
    const dx = x - center.x;
    const dy = y - center.y;
    const distance = Math.sqrt(dx * dx + dy * dy) - radius;
    return { alpha: alpha * clamp(0.5 - distance / softness, 0, 1), color };
  });
}

/** A tapering stick with bark: lit from above, streaked along its length. */
export function paintBranch(
  canvas: Canvas,
  from: Point,
  to: Point,
  radiusFrom: number,
  radiusTo: number,
  color: Color,
  key: number,
): void {
  const length = Math.sqrt((to.x - from.x) ** 2 + (to.y - from.y) ** 2);
  const ux = (to.x - from.x) / length;
  const uy = (to.y - from.y) / length;
  const radius = Math.max(radiusFrom, radiusTo);
  const center = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
  paint(canvas, center, length / 2 + radius + 1, (x, y) => {
    const distance = stickDistance(x, y, from, to, radiusFrom, radiusTo);
    if (distance > 1) return { alpha: 0, color };
    const along = (x - from.x) * ux + (y - from.y) * uy;
    const across = ((y - from.y) * ux - (x - from.x) * uy) * (ux < 0 ? -1 : 1);
    const streak = valueNoise(along * 0.12, (across / radius) * 2.5, key) - 0.5;
    const light = 0.85 - 0.35 * clamp(across / radius, -1, 1) + 0.35 * streak;
    return { alpha: coverage(distance), color: [color[0] * light, color[1] * light, color[2] * light] };
  });
}
