import type { Pose } from './bird.ts';
import type { BirdPart, Pattern } from './classes.ts';
import type { Color } from './geometry.ts';
import { clamp, mixColor, smoothStep, triangleWave } from './geometry.ts';
import { valueNoise } from './noise.ts';

const DARK_MARK: Color = [34, 28, 34];

/** Colour of the feathers of one part at bird coordinates (u, v); `distance` is that to the outline, negative inside. */
export function paintPlumage(
  part: BirdPart,
  pose: Pose,
  pattern: Pattern,
  color: Color,
  u: number,
  v: number,
  distance: number,
): Color {
  const frame = partFrame(part, pose, u, v);
  const marked = pattern === 'solid' ? color : mixColor(color, DARK_MARK, markStrength(pattern, frame));
  const light = shading(part, pose, u, v) * feathers(part, pose, frame) * rim(distance);
  return [marked[0] * light, marked[1] * light, marked[2] * light];
}

/** Coordinates along and across the feathers of a part, in bird units. */
interface Frame {
  readonly along: number;
  readonly across: number;
}

function partFrame(part: BirdPart, pose: Pose, u: number, v: number): Frame {
  if (part === 'wing')
    return axisFrame(pose.wingStart.x, pose.wingStart.y, pose.wingEnd.x, pose.wingEnd.y, u, v);
  if (part === 'tail') return axisFrame(-0.36, 0, pose.tailEnd.x, pose.tailEnd.y, u, v);
  return { along: -u, across: v };
}

function axisFrame(x: number, y: number, endX: number, endY: number, u: number, v: number): Frame {
  const dx = endX - x;
  const dy = endY - y;
  const norm = 1 / Math.sqrt(dx * dx + dy * dy);
  return { along: ((u - x) * dx + (v - y) * dy) * norm, across: ((v - y) * dx - (u - x) * dy) * norm };
}

/** 0 where the ground colour shows, up to 1 in a mark. */
function markStrength(pattern: Pattern, { along, across }: Frame): number {
  if (pattern === 'striped') {
    const wave = triangleWave((along + 0.25 * Math.abs(across)) / 0.2 + 0.35);
    return 0.92 * smoothStep(0.52, 0.66, wave);
  }
  const row = Math.floor(across / 0.125);
  const x = along / 0.15 + (row & 1) * 0.5;
  const dx = (x - Math.floor(x) - 0.5) * 0.15;
  const dy = across - (row + 0.5) * 0.125;
  return 0.9 * smoothStep(0.052, 0.03, Math.sqrt(dx * dx + dy * dy));
}

/** Fine lines and streaks, about 1: quills on wing and tail, down elsewhere. */
function feathers(part: BirdPart, pose: Pose, { along, across }: Frame): number {
  if (part === 'wing' || part === 'tail') {
    const quill = triangleWave((across + 0.16 * along) / 0.105);
    const scallop = part === 'wing' && along < 0.2 ? triangleWave(along / 0.13 + 3 * across * across * 8) : 0;
    return 1.04 - 0.2 * smoothStep(0.7, 1, quill) - 0.1 * smoothStep(0.6, 1, scallop);
  }
  const down = valueNoise(along * 7, across * 22 + along * 4, pose.noiseKey);
  return 0.9 + 0.2 * down;
}

/** Light on a rounded body: head, wing and tail are their own volumes. */
function shading(part: BirdPart, pose: Pose, u: number, v: number): number {
  let x = u / (pose.bodyWidth * 1.06);
  let y = v / (pose.bodyHeight * 1.06);
  if (part === 'head') {
    x = (u - pose.head.x) / (pose.headRadius * 1.15);
    y = (v - pose.head.y) / (pose.headRadius * 1.15);
  } else if (part === 'wing') {
    const { across } = partFrame(part, pose, u, v);
    x = 0;
    y = (across / 0.24) * 0.9;
  } else if (part === 'tail') {
    const { across } = partFrame(part, pose, u, v);
    x = -0.2;
    y = (across / 0.2) * 0.7;
  }
  const z = Math.sqrt(clamp(1 - x * x - y * y, 0, 1));
  const [lightX, lightY, lightZ] = pose.light;
  return 0.82 + 0.34 * clamp(x * lightX + y * lightY + z * lightZ, -0.3, 1);
}

/** Edges of volumes are a little darker, which sets parts of one colour apart. */
function rim(distance: number): number {
  return 1 - 0.3 * smoothStep(-0.045, 0, distance);
}
