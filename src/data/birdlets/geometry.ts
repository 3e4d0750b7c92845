/**
 * Plane geometry of + - * / and square root only. IEEE 754 fixes those to the last bit, `Math.sin` and its like it does not: so
 * the same seed draws the same bytes on every platform.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Red, green, blue, each 0..255 (not rounded, not clamped while painting). */
export type Color = readonly [number, number, number];

/** Sine of an angle in turns (1 = full circle); absolute error below 2e-7. */
export function sineOfTurn(turns: number): number {
  let t = turns - Math.floor(turns);
  if (t > 0.75) t -= 1;
  else if (t > 0.25) t = 0.5 - t;
  const x = t * (2 * Math.PI);
  const s = x * x;
  return x * (1 - (s / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - (s / 72) * (1 - s / 110)))));
}

/** Cosine of an angle in turns. */
export function cosineOfTurn(turns: number): number {
  return sineOfTurn(turns + 0.25);
}

/** Turns (x, y) by an angle given as cosine and sine. */
export function rotate(x: number, y: number, cosine: number, sine: number): Point {
  return { x: x * cosine - y * sine, y: x * sine + y * cosine };
}

export function clamp(value: number, low: number, high: number): number {
  return value < low ? low : value > high ? high : value;
}

/** 0 below `from`, 1 above `to` (or the reverse when from > to), a cubic in between. */
export function smoothStep(from: number, to: number, value: number): number {
  const t = clamp((value - from) / (to - from), 0, 1);
  return t * t * (3 - 2 * t);
}

export function mix(a: number, b: number, t: number): number {
  return a + (b - a) * t;
}

export function mixColor(a: Color, b: Color, t: number): Color {
  return [mix(a[0], b[0], t), mix(a[1], b[1], t), mix(a[2], b[2], t)];
}

export function scaleColor(color: Color, factor: number): Color {
  return [color[0] * factor, color[1] * factor, color[2] * factor];
}

/** Approximate signed distance (exact at the outline) to an ellipse at the origin; negative inside. */
export function ellipseDistance(x: number, y: number, radiusX: number, radiusY: number): number {
  const u = x / radiusX;
  const v = y / radiusY;
  const k0 = Math.sqrt(u * u + v * v);
  if (k0 < 1e-6) return -Math.min(radiusX, radiusY);
  const p = u / radiusX;
  const q = v / radiusY;
  return (k0 * (k0 - 1)) / Math.sqrt(p * p + q * q);
}

/** Signed distance to a stick from a to b whose radius goes linearly from `radiusA` to `radiusB` (round ends). */
export function stickDistance(
  x: number,
  y: number,
  a: Point,
  b: Point,
  radiusA: number,
  radiusB: number,
): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const along = clamp(((x - a.x) * dx + (y - a.y) * dy) / (dx * dx + dy * dy), 0, 1);
  const ex = x - a.x - along * dx;
  const ey = y - a.y - along * dy;
  return Math.sqrt(ex * ex + ey * ey) - mix(radiusA, radiusB, along);
}

/** Union of two distances with the crease rounded over a width k (polynomial smooth minimum, Quilez). */
export function smoothUnion(a: number, b: number, k: number): number {
  const h = clamp(0.5 + (0.5 * (b - a)) / k, 0, 1);
  return mix(b, a, h) - k * h * (1 - h);
}

/** 1 at the integers, 0 half way between, straight lines in between. */
export function triangleWave(t: number): number {
  return Math.abs((t - Math.floor(t)) * 2 - 1);
}
