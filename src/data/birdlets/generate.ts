import { ArgumentError } from '../../runtime/errors.ts';
import type { Image, Plane } from '../image.ts';
import { createImage, createPlane } from '../image.ts';
import { RandomStream } from '../../runtime/random.ts';
import type { PartColors, Pose } from './bird.ts';
import { BIRD_REACH, birdDistance, partLabel, randomPose, sampleBird, toBird, toPicture } from './bird.ts';
import type { Canvas } from './canvas.ts';
import { blend, createCanvas, eachPixel, paintBranch } from './canvas.ts';
import type { BirdletClass, BirdPart } from './classes.ts';
import { BIRD_PARTS, birdletClasses, MAX_CLASSES, PALETTE } from './classes.ts';
import type { Color } from './geometry.ts';
import { birdPoints } from './points.ts';
import type { BirdletPart } from './points.ts';
import type { Leaf } from './leaf.ts';
import { paintLeaf, randomLeaf, stampLeaf } from './leaf.ts';
import type { Habitation } from './scene.ts';
import { develop, jitter, paintBackground } from './scene.ts';

export interface BirdletOptions {
  /** Side of the square picture in pixels, 48 to 1024. Default 128. */
  readonly size?: number;
  /** Number of classes, 2 to 12 (see birdletClasses). Default 12. */
  readonly classes?: number;
  /** Amount of background clutter, 0 (a plain gradient) to 2. Default 1. */
  readonly clutter?: number;
  /** Probability that leaves hang in front of the bird. Default 0.6. */
  readonly occlusion?: number;
}

/** One picture with everything that is known about it. */
export interface Birdlet {
  readonly image: Image;
  /** Exact cue masks: 0 = background or hidden, 1..7 = BIRD_PARTS in order. */
  readonly partMap: Plane;
  /** 255 where the bird is seen, else 0: exactly the non-zero pixels of `partMap`. */
  readonly segmentation: Plane;
  /** CUB's fifteen part locations, in its order. */
  readonly parts: readonly BirdletPart[];
  /** Bounding box of the whole bird, also of its hidden parts, in pixels. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  /** Class index, 0-based. */
  readonly label: number;
}

function check(name: string, value: number, low: number, high: number, integer: boolean): void {
  if (!(value >= low && value <= high) || (integer && !Number.isInteger(value))) {
    const kind = integer ? 'an integer' : 'a number';
    throw new ArgumentError(`birdlets: ${name} must be ${kind} in [${low}, ${high}], got ${String(value)}`);
  }
}

/** Fills in the defaults. Throws an ArgumentError naming the option that is out of bounds. */
export function resolveBirdletOptions(options: BirdletOptions = {}): Required<BirdletOptions> {
  const { size = 128, classes = 12, clutter = 1, occlusion = 0.6 } = options;
  check('size', size, 48, 1024, true);
  check('classes', classes, 2, MAX_CLASSES, true);
  check('clutter', clutter, 0, 2, false);
  check('occlusion', occlusion, 0, 1, false);
  return { size, classes, clutter, occlusion };
}

/**
 * Draws birdlet `index` of the data set `seed`: a pure function of its arguments, the same bytes on every platform. Its class is
 * `index % classes`; everything else (pose, colour jitter, light, habitat, occlusion) is drawn independently of the class.
 */
export function generateBirdlet(seed: number, index: number, options?: BirdletOptions): Birdlet {
  if (!Number.isInteger(seed) || !Number.isInteger(index) || index < 0) {
    throw new ArgumentError(
      `generateBirdlet: seed and index must be integers, index >= 0, got ${String(seed)} and ${String(index)}`,
    );
  }
  const { size, classes, clutter, occlusion } = resolveBirdletOptions(options);
  const label = index % classes;
  const kind = birdletClasses(classes)[label];
  if (!kind) throw new ArgumentError(`generateBirdlet: there is no class ${label}`);
  // One stream for each matter: a change in one cannot shift the others.
  const stream = (matter: number): RandomStream => new RandomStream(seed, index, matter);
  const canvas = createCanvas(size, size);
  const habitation = paintBackground(canvas, stream(1), clutter);
  const pose = randomPose(stream(2), size);
  paintPerch(canvas, pose, habitation, stream(3));
  const partMap = createPlane(size, size);
  paintBird(canvas, partMap, pose, kind, stream(4));
  const box = boundingBox(partMap);
  for (const leaf of occluders(partMap, pose, habitation, stream(5), occlusion)) {
    paintLeaf(canvas, leaf);
    stampLeaf(partMap, leaf, 0);
  }
  develop(canvas, stream(6));
  const segmentation = createPlane(size, size);
  for (let i = 0; i < partMap.data.length; i++) segmentation.data[i] = partMap.data[i] ? 255 : 0;
  return { image: toImage(canvas), partMap, segmentation, parts: birdPoints(pose, partMap), box, label };
}

/** The branch the bird sits on: along the picture, through the feet. */
function paintPerch(canvas: Canvas, pose: Pose, { bark }: Habitation, random: RandomStream): void {
  const [near, far] = pose.feet;
  const foot = toPicture(pose, { x: (near.x + far.x) / 2, y: Math.max(near.y, far.y) + 0.07 });
  const slope = random.uniform(-0.22, 0.22);
  const size = canvas.width;
  const radius = random.uniform(0.016, 0.03) * size;
  const left = random.chance(0.7) ? -8 : foot.x - random.uniform(0.2, 0.4) * size;
  const right = random.chance(0.7) ? size + 8 : foot.x + random.uniform(0.2, 0.4) * size;
  const at = (x: number): { x: number; y: number } => ({
    x,
    y: foot.y + radius * 0.7 + slope * (x - foot.x),
  });
  const taper = random.uniform(0.6, 1);
  paintBranch(canvas, at(left), at(right), radius, radius * taper, bark, random.nextUint32());
}

const SAMPLES = 3;

/** Paints the bird with SAMPLES x SAMPLES samples a pixel and writes the label that most covered samples show. */
function paintBird(
  canvas: Canvas,
  partMap: Plane,
  pose: Pose,
  kind: BirdletClass,
  random: RandomStream,
): void {
  const colors = Object.fromEntries(
    BIRD_PARTS.map((part) => [part, jitter(PALETTE[kind.plumage[part].color], random, 0.09)]),
  ) as Record<BirdPart, Color> satisfies PartColors;
  const votes = new Uint8Array(BIRD_PARTS.length + 1);
  eachPixel(canvas, pose.center, BIRD_REACH * pose.scale, (x, y) => {
    const middle = toBird(pose, x + 0.5, y + 0.5);
    if (birdDistance(pose, middle.x, middle.y) * pose.scale > 1.5) return;
    votes.fill(0);
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let i = 0; i < SAMPLES * SAMPLES; i++) {
      const offsetX = ((i % SAMPLES) + 0.5) / SAMPLES;
      const offsetY = (Math.floor(i / SAMPLES) + 0.5) / SAMPLES;
      const point = toBird(pose, x + offsetX, y + offsetY);
      const sample = sampleBird(pose, kind.plumage, colors, point.x, point.y);
      votes[sample.label] = (votes[sample.label] ?? 0) + 1;
      red += sample.color[0];
      green += sample.color[1];
      blue += sample.color[2];
    }
    const hits = SAMPLES * SAMPLES - (votes[0] ?? 0);
    if (hits === 0) return;
    blend(canvas, x, y, [red / hits, green / hits, blue / hits], hits / (SAMPLES * SAMPLES));
    if (hits * 2 <= SAMPLES * SAMPLES) return;
    let best = 1;
    for (let label = 2; label < votes.length; label++)
      if ((votes[label] ?? 0) > (votes[best] ?? 0)) best = label;
    partMap.data[y * partMap.width + x] = best;
  });
}

/** At least this share of every part stays in sight; a class could not be told otherwise. */
const MIN_VISIBLE = 0.45;

/** Leaves in front of the bird; thrown again when they hide too much of a part. */
function occluders(
  partMap: Plane,
  pose: Pose,
  { habitat }: Habitation,
  random: RandomStream,
  probability: number,
): readonly Leaf[] {
  if (!random.chance(probability)) return [];
  const before = countLabels(partMap);
  for (let attempt = 0; attempt < 5; attempt++) {
    const leaves: Leaf[] = [];
    for (let i = random.integer(3) + 1; i > 0; i--) {
      const center = toPicture(pose, { x: random.uniform(-1, 0.8), y: random.uniform(-0.6, 0.6) });
      const color = jitter(random.pick(habitat.leaves), random, 0.12);
      leaves.push(randomLeaf(random, center, partMap.width * 1.05, color));
    }
    const covered = { ...partMap, data: partMap.data.slice() };
    for (const leaf of leaves) stampLeaf(covered, leaf, 0);
    const after = countLabels(covered);
    if (
      BIRD_PARTS.every(
        (part) => (after[partLabel(part)] ?? 0) >= MIN_VISIBLE * (before[partLabel(part)] ?? 0),
      )
    ) {
      return leaves;
    }
  }
  return [];
}

function countLabels({ data }: Plane): Uint32Array {
  const counts = new Uint32Array(BIRD_PARTS.length + 1);
  for (const label of data) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

function boundingBox({ width, height, data }: Plane): Birdlet['box'] {
  let left = width;
  let top = height;
  let right = 0;
  let bottom = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!data[y * width + x]) continue;
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
    }
  }
  return { x: left, y: top, width: right - left, height: bottom - top };
}

function toImage(canvas: Canvas): Image {
  const image = createImage(canvas.width, canvas.height);
  // Rounds half to even and clamps; Float32 sums are the same everywhere.
  image.data.set(Uint8ClampedArray.from(canvas.data));
  return image;
}
