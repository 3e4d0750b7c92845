import type { Plane } from '../image.ts';
import type { Pose } from './bird.ts';
import { partLabel, toPicture } from './bird.ts';
import type { BirdPart } from './classes.ts';
import type { Point } from './geometry.ts';

/** CUB-200-2011's fifteen part names in its order (part ids are 1-based). */
export const CUB_PART_NAMES = [
  'back',
  'beak',
  'belly',
  'breast',
  'crown',
  'forehead',
  'left eye',
  'left leg',
  'left wing',
  'nape',
  'right eye',
  'right leg',
  'right wing',
  'tail',
  'throat',
] as const;
export type CubPartName = (typeof CUB_PART_NAMES)[number];

/** A part location as CUB notes it: pixels, and 0, 0 where it is not visible. */
export interface BirdletPart {
  readonly name: CubPartName;
  readonly x: number;
  readonly y: number;
  readonly visible: boolean;
}

/** Where CUB's parts are on the bird; of eyes and wings one is on the far side. */
function anchor(name: CubPartName, pose: Pose): { part: BirdPart; at: Point } | undefined {
  const { head, headRadius: r, feet, wingStart, wingEnd, tailEnd } = pose;
  const onHead = (x: number, y: number): { part: BirdPart; at: Point } => ({
    part: 'head',
    at: { x: head.x + x * r, y: head.y + y * r },
  });
  const near = pose.facing === 1 ? 'right' : 'left';
  const leg = (foot: Point): { part: BirdPart; at: Point } => ({
    part: 'leg',
    at: { x: foot.x - 0.012, y: (pose.bodyHeight + foot.y) / 2 + 0.03 },
  });
  switch (name) {
    case 'back':
      return { part: 'back', at: { x: -0.06, y: -0.7 * pose.bodyHeight } };
    case 'beak':
      return { part: 'head', at: { x: head.x + r + 0.06, y: head.y + 0.05 } };
    case 'belly':
      return { part: 'belly', at: { x: -0.02, y: 0.82 * pose.bodyHeight } };
    case 'breast':
      return { part: 'breast', at: { x: 0.33, y: 0.08 } };
    case 'crown':
      return onHead(-0.1, -0.75);
    case 'forehead':
      return onHead(0.65, -0.4);
    case 'left eye':
    case 'right eye':
      return name.startsWith(near) ? { part: 'head', at: { x: head.x + 0.09, y: head.y - 0.05 } } : undefined;
    case 'left wing':
    case 'right wing':
      return name.startsWith(near)
        ? { part: 'wing', at: { x: (2 * wingStart.x + wingEnd.x) / 3, y: (2 * wingStart.y + wingEnd.y) / 3 } }
        : undefined;
    case 'left leg':
      return leg(pose.facing === 1 ? feet[0] : feet[1]);
    case 'right leg':
      return leg(pose.facing === 1 ? feet[1] : feet[0]);
    case 'nape':
      return onHead(-0.7, 0.1);
    case 'tail':
      return { part: 'tail', at: { x: -0.36 + 0.72 * (tailEnd.x + 0.36), y: 0.72 * tailEnd.y } };
    case 'throat':
      return onHead(0.45, 0.55);
    default:
      return name satisfies never;
  }
}

/** The fifteen locations; one counts as visible if its pixel shows the part it belongs to. */
export function birdPoints(pose: Pose, partMap: Plane): readonly BirdletPart[] {
  return CUB_PART_NAMES.map((name) => {
    const found = anchor(name, pose);
    if (found) {
      const at = toPicture(pose, found.at);
      const x = Math.floor(at.x);
      const y = Math.floor(at.y);
      const inside = x >= 0 && y >= 0 && x < partMap.width && y < partMap.height;
      if (inside && partMap.data[y * partMap.width + x] === partLabel(found.part)) {
        return { name, x, y, visible: true };
      }
    }
    return { name, x: 0, y: 0, visible: false };
  });
}
