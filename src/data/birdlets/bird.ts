import type { RandomStream } from '../../runtime/random.ts';
import type { BirdPart, Plumage } from './classes.ts';
import { BIRD_PARTS } from './classes.ts';
import type { Color, Point } from './geometry.ts';
import {
  cosineOfTurn,
  ellipseDistance,
  rotate,
  scaleColor,
  sineOfTurn,
  smoothStep,
  smoothUnion,
  stickDistance,
} from './geometry.ts';
import { paintPlumage } from './plumage.ts';

/** How a bird sits in its picture. Bird coordinates: u forward, v down, body centre at the origin, about 1.9 long. */
export interface Pose {
  /** Body centre in pixels. */
  readonly center: Point;
  /** Pixels per unit. */
  readonly scale: number;
  readonly cosine: number;
  readonly sine: number;
  /** +1 looks right, -1 left. */
  readonly facing: 1 | -1;
  readonly bodyWidth: number;
  readonly bodyHeight: number;
  readonly head: Point;
  readonly headRadius: number;
  readonly tailEnd: Point;
  readonly wingStart: Point;
  readonly wingEnd: Point;
  readonly feet: readonly [Point, Point];
  /** Direction towards the light in bird coordinates (unit length, third component towards the viewer). */
  readonly light: readonly [number, number, number];
  readonly noiseKey: number;
}

/** Draws a pose at random. `size` is the side of the picture; the bird is 40 to 54 percent of it long. */
export function randomPose(random: RandomStream, size: number): Pose {
  const length = random.uniform(0.42, 0.55) * size;
  const scale = length / 1.86;
  const turn = random.uniform(-0.085, 0.06);
  const facing = random.chance(0.5) ? 1 : -1;
  const margin = 0.62 * length;
  const center = {
    x: random.uniform(margin, size - margin),
    y: random.uniform(0.5 * length, size - 0.56 * length),
  };
  const headTurn = random.uniform(-0.03, 0.03);
  const head = rotate(0.4, -0.33, cosineOfTurn(headTurn), sineOfTurn(headTurn));
  const tailTurn = random.uniform(-0.05, 0.06);
  const tail = rotate(-0.62, 0.1, cosineOfTurn(tailTurn), sineOfTurn(tailTurn));
  const wingTurn = random.uniform(-0.035, 0.035);
  const wing = rotate(-0.6, 0.14, cosineOfTurn(wingTurn), sineOfTurn(wingTurn));
  const legTurn = random.uniform(-0.03, 0.03);
  const leg = rotate(0.02, 0.34, cosineOfTurn(legTurn), sineOfTurn(legTurn));
  const cosine = cosineOfTurn(turn);
  const sine = sineOfTurn(turn);
  // Light from above, left or right, fixed in the picture: turned back into the bird's coordinates.
  const lightX = random.uniform(-0.6, 0.6) * facing;
  const lightY = -0.7;
  const lightZ = 0.65;
  const norm = 1 / Math.sqrt(lightX * lightX + lightY * lightY + lightZ * lightZ);
  const light = rotate(lightX * norm, lightY * norm, cosine, -sine);
  return {
    center,
    scale,
    cosine,
    sine,
    facing,
    bodyWidth: random.uniform(0.48, 0.54),
    bodyHeight: random.uniform(0.34, 0.4),
    head,
    headRadius: random.uniform(0.25, 0.285),
    tailEnd: { x: -0.38 + tail.x, y: 0.0 + tail.y },
    wingStart: { x: 0.02, y: -0.03 },
    wingEnd: { x: 0.02 + wing.x, y: -0.03 + wing.y },
    feet: [
      { x: -0.04 + leg.x, y: 0.26 + leg.y },
      { x: 0.13 + leg.x, y: 0.25 + leg.y },
    ],
    light: [light.x, light.y, lightZ * norm],
    noiseKey: random.nextUint32(),
  };
}

/** Bird coordinates to pixels. */
export function toPicture(pose: Pose, { x, y }: Point): Point {
  const turned = rotate(x, y, pose.cosine, pose.sine);
  return {
    x: pose.center.x + turned.x * pose.scale * pose.facing,
    y: pose.center.y + turned.y * pose.scale,
  };
}

/** Pixels to bird coordinates. */
export function toBird(pose: Pose, x: number, y: number): Point {
  const dx = ((x - pose.center.x) * pose.facing) / pose.scale;
  const dy = (y - pose.center.y) / pose.scale;
  return rotate(dx, dy, pose.cosine, -pose.sine);
}

/** No part of the bird is farther from its centre than this, in bird units. */
export const BIRD_REACH = 1.2;

/** The colours of one individual: those of the class, each a little off. */
export type PartColors = Readonly<Record<BirdPart, Color>>;

const BEAK: Color = [78, 70, 62];
const EYE_RING: Color = [246, 244, 238];
const PUPIL: Color = [20, 18, 22];

/** Label of a part in part maps. */
export function partLabel(part: BirdPart): number {
  return BIRD_PARTS.indexOf(part) + 1;
}

const HEAD = partLabel('head');
const LEG = partLabel('leg');

/** What the bird shows at a point: 0 and no colour where it is not. */
export interface BirdSample {
  readonly label: number;
  readonly color: Color;
}

/** Width over which head and trunk melt together. */
const NECK = 0.16;

const NOTHING: BirdSample = { label: 0, color: [0, 0, 0] };

/** Looks up the bird at bird coordinates (u, v): wing before body before beak, crest, tail and legs. */
export function sampleBird(
  pose: Pose,
  plumage: Plumage,
  colors: PartColors,
  u: number,
  v: number,
): BirdSample {
  const wing = wingDistance(pose, u, v);
  if (wing < 0) return dress('wing', pose, plumage, colors, u, v, wing);
  const headDistance = distanceToHead(pose, u, v);
  const trunk = ellipseDistance(u, v, pose.bodyWidth, pose.bodyHeight);
  const body = smoothUnion(trunk, headDistance, NECK);
  if (body < 0) {
    const eye = eyeColor(pose, u, v);
    if (eye) return { label: HEAD, color: eye };
    const part = bodyPart(pose, u, v, headDistance, trunk);
    const dressed = dress(part, pose, plumage, colors, u, v, body);
    // The wing throws a soft shadow on the body below it.
    return { label: dressed.label, color: scaleColor(dressed.color, 1 - 0.3 * smoothStep(0.09, 0, wing)) };
  }
  if (beakDistance(pose, u, v) < 0) {
    const upper = v < pose.head.y + 0.03 + 0.25 * (u - pose.head.x - 0.9 * pose.headRadius);
    return { label: HEAD, color: scaleColor(BEAK, upper ? 1.3 : 0.85) };
  }
  if (plumage.head.crested === true && crestDistance(pose, u, v) < 0) {
    return dress('head', pose, plumage, colors, u, v, -0.05);
  }
  const tail = tailDistance(pose, u, v);
  if (tail < 0) return dress('tail', pose, plumage, colors, u, v, tail);
  const leg = legDistance(pose, u, v);
  if (leg < 0) return { label: LEG, color: scaleColor(colors.leg, 1 - 0.35 * smoothStep(-0.045, 0, leg)) };
  return NOTHING;
}

/** Signed distance to the whole bird, crest or not, in bird units: to skip what is surely beside it. */
export function birdDistance(pose: Pose, u: number, v: number): number {
  const trunk = ellipseDistance(u, v, pose.bodyWidth, pose.bodyHeight);
  return Math.min(
    smoothUnion(trunk, distanceToHead(pose, u, v), NECK),
    wingDistance(pose, u, v),
    beakDistance(pose, u, v),
    crestDistance(pose, u, v),
    tailDistance(pose, u, v),
    legDistance(pose, u, v),
  );
}

function dress(
  part: BirdPart,
  pose: Pose,
  plumage: Plumage,
  colors: PartColors,
  u: number,
  v: number,
  distance: number,
): BirdSample {
  return {
    label: partLabel(part),
    color: paintPlumage(part, pose, plumage[part].pattern, colors[part], u, v, distance),
  };
}

/** Head where its circle is nearer than the trunk; the back is above a line from nape to rump and above the wing's axis; a steep line parts breast and belly. */
function bodyPart(pose: Pose, u: number, v: number, headDistance: number, trunk: number): BirdPart {
  if (headDistance < trunk * 0.35 + 0.01) return 'head';
  const { wingStart, wingEnd } = pose;
  const slope = (wingEnd.y - wingStart.y) / (wingEnd.x - wingStart.x);
  const aboveWing = u < 0.1 && v < wingStart.y + slope * (u - wingStart.x);
  if (aboveWing || v < -0.15 - 0.42 * u) return 'back';
  return u + 0.3 * v > 0.15 ? 'breast' : 'belly';
}

function eyeColor(pose: Pose, u: number, v: number): Color | undefined {
  const x = u - (pose.head.x + 0.09);
  const y = v - (pose.head.y - 0.05);
  const radius = Math.sqrt(x * x + y * y);
  if (radius > 0.088) return undefined;
  if (radius > 0.062) return EYE_RING;
  return (x - 0.02) ** 2 + (y + 0.022) ** 2 < 0.0005 ? EYE_RING : PUPIL;
}

function distanceToHead({ head, headRadius }: Pose, u: number, v: number): number {
  return Math.sqrt((u - head.x) ** 2 + (v - head.y) ** 2) - headRadius;
}

function beakDistance({ head, headRadius }: Pose, u: number, v: number): number {
  const start = { x: head.x + headRadius * 0.9, y: head.y + 0.03 };
  return stickDistance(u, v, start, { x: head.x + headRadius + 0.19, y: head.y + 0.08 }, 0.075, 0.012);
}

function wingDistance({ wingStart, wingEnd }: Pose, u: number, v: number): number {
  return stickDistance(u, v, wingStart, wingEnd, 0.195, 0.05);
}

function tailDistance({ tailEnd }: Pose, u: number, v: number): number {
  const root = { x: -0.36, y: 0.0 };
  const distance = stickDistance(u, v, root, tailEnd, 0.1, 0.16);
  // Cut the round end square, a little behind the end point.
  const dx = tailEnd.x - root.x;
  const dy = tailEnd.y - root.y;
  const norm = Math.sqrt(dx * dx + dy * dy);
  const beyond = ((u - tailEnd.x) * dx + (v - tailEnd.y) * dy) / norm - 0.05;
  return Math.max(distance, beyond);
}

function crestDistance({ head, headRadius }: Pose, u: number, v: number): number {
  const r = headRadius;
  const root = { x: head.x - 0.1 * r, y: head.y - 0.55 * r };
  const first = stickDistance(u, v, root, { x: head.x - 0.75 * r, y: head.y - 1.75 * r }, 0.15, 0.012);
  const second = stickDistance(u, v, root, { x: head.x - 1.2 * r, y: head.y - 1.25 * r }, 0.14, 0.012);
  return Math.min(first, second);
}

function legDistance({ feet }: Pose, u: number, v: number): number {
  let nearest = Infinity;
  for (const foot of feet) {
    const hip = { x: foot.x - 0.03, y: 0.24 };
    const toes = stickDistance(
      u,
      v,
      { x: foot.x - 0.05, y: foot.y },
      { x: foot.x + 0.09, y: foot.y + 0.02 },
      0.035,
      0.03,
    );
    nearest = Math.min(nearest, toes, stickDistance(u, v, hip, foot, 0.055, 0.042));
  }
  return nearest;
}
