/** PNG and JPEG files. */
import type { Random } from '../chance.ts';
import type { Target } from '../target.ts';
import { decodeImage, decodePlane, inspectImage } from '../../../src/data/decode.node.ts';
import { fixtureBytes, fixturesIn } from '../seeds.ts';
import { mutateJpeg } from '../jpegs.ts';
import { mutateMany } from '../bytes.ts';
import { mutatePng } from '../pngs.ts';
import { pick } from '../chance.ts';

const pngs = fixturesIn('images/png', /\.png$/);
const jpegs = [
  ...fixturesIn('images/jpeg', /\.jpg$/),
  ...fixturesIn('images/orientation', /\.jpg$/),
  fixtureBytes('cub_tiny/images/001.Synthetic_Bird_A/Synthetic_0001_1.jpg'),
];

/**
 * PNG: a byte unpacks to 1032, twice while its pieces are put together, and of one bit a pixel those are 8256 pixels of 3 bytes.
 * JPEG: decode.ts takes no more than 1024 pixels for a byte and a million besides, each of 15 bytes at most (3 of RGB, 4 components of a
 * sample and an int16 coefficient), and 24 more of planes whose blocks are padded.
 */
const allocations = {
  png: { multiple: 27_000, slack: 1 << 22 },
  jpeg: { multiple: 16_000, slack: 48 << 20 },
};

function target(
  name: string,
  kind: keyof typeof allocations,
  inputs: number,
  make: (random: Random) => Uint8Array,
): Target {
  return {
    name,
    named: /^folder\/picture: cannot decode the image: /,
    allocation: allocations[kind],
    inputs,
    attempt(random) {
      const bytes = make(random);
      const applyOrientation = random(2) === 0;
      const asPlane = random(4) === 0;
      return {
        size: bytes.length,
        run() {
          inspectImage(bytes, 'folder/picture');
          if (asPlane) decodePlane(bytes, 'folder/picture');
          else decodeImage(bytes, 'folder/picture', { applyOrientation });
        },
      };
    },
  };
}

export const pictureTargets: readonly Target[] = [
  target('PNG files', 'png', 1000, (random) => mutateMany(pick(random, pngs), random, pick(random, jpegs))),
  target('PNG files by chunks', 'png', 1000, (random) => mutatePng(pick(random, pngs), random)),
  target('JPEG files', 'jpeg', 400, (random) => mutateMany(pick(random, jpegs), random, pick(random, jpegs))),
  target('JPEG files by segments', 'jpeg', 400, (random) =>
    mutateJpeg(pick(random, jpegs), pick(random, jpegs), random),
  ),
];
