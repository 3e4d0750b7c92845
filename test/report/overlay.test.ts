import { expect, test } from 'vitest';
import { createImage } from '../../src/data/image.ts';
import { colourTable } from '../../src/report/colour_map.ts';
import { maskOverlay, overlay, renderMap, scoreRange } from '../../src/report/overlay.ts';

const ramp = { height: 1, width: 2, data: Float32Array.of(0, 4) };
const signed = { height: 1, width: 2, data: Float32Array.of(-1, 4) };

test('ranges: from zero, or symmetric about it', () => {
  expect(scoreRange(ramp, 'sequential')).toEqual([0, 4]);
  expect(scoreRange(signed, 'sequential')).toEqual([-1, 4]);
  expect(scoreRange(signed, 'diverging')).toEqual([-4, 4]);
});

test('a map alone: its ends are the ends of the table', () => {
  const { data } = renderMap(ramp, 2, 1);
  const table = colourTable('sequential');
  expect(data).toEqual(Uint8Array.of(...table.slice(0, 3), ...table.slice(-3)));
});

test('an overlay shows the map where it is strong and the picture where it is not', () => {
  const white = createImage(2, 1);
  white.data.fill(255);
  const table = colourTable('diverging');
  const map = { height: 1, width: 2, data: Float32Array.of(0, 4) };
  const { data } = overlay(white, map, { colourMap: 'diverging', opacity: 1 });
  expect(data.slice(3)).toEqual(table.slice(-3));
  expect(Math.min(...data.slice(0, 3))).toBeGreaterThan(250);
  expect(overlay(white, map, { opacity: 0 }).data).toEqual(white.data);
});

test('a mask leaves the inside as it is', () => {
  const image = createImage(5, 5);
  image.data.fill(200);
  const mask = Uint8Array.from({ length: 25 }, (_, i) => (i === 12 ? 1 : 0));
  const { data } = maskOverlay(image, mask, { colour: [1, 2, 3] });
  expect(data.slice(36, 39)).toEqual(Uint8Array.of(200, 200, 200));
  expect(data.slice(33, 36)).toEqual(Uint8Array.of(1, 2, 3));
  expect(data.slice(0, 3)).toEqual(Uint8Array.of(100, 100, 100));
});

test('misuse throws', () => {
  const image = createImage(2, 2);
  expect(() => overlay(image, ramp, { opacity: 2 })).toThrow('opacity must lie in [0, 1], got 2');
  expect(() => maskOverlay(image, new Uint8Array(3))).toThrow('2x2 = 4 pixels, got 3');
  expect(() => renderMap(ramp, 0, 2)).toThrow('got 0x2');
  // A caller without types.
  expect(() => renderMap(ramp, 2, 2, { colourMap: 'jet' as 'diverging' })).toThrow("got 'jet'");
});
