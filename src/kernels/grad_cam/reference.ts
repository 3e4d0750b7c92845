import type { Array64 } from '../reference.ts';
import { array64, at } from '../reference.ts';

/** Grad-CAM or Grad-CAM++ as written in their papers, with the score's exponential left out of the latter's weights. */
export function gradCamReference(features: Array64, gradients: Array64, plus: boolean): Array64 {
  const [images = 1, height = 1, width = 1, channels = 1] = features.shape;
  const locations = height * width;
  const map = array64([images, height, width]);
  for (let n = 0; n < images; n++) {
    for (let d = 0; d < channels; d++) {
      const places = Array.from({ length: locations }, (_, z) => (n * locations + z) * channels + d);
      const total = places.reduce((sum, place) => sum + at(features, place), 0);
      const weight = places.reduce((sum, place) => {
        const g = at(gradients, place);
        if (!plus) return sum + g / locations;
        const alpha = g === 0 ? 0 : g ** 2 / (2 * g ** 2 + total * g ** 3);
        return sum + alpha * Math.max(g, 0);
      }, 0);
      for (const [z, place] of places.entries()) {
        const index = n * locations + z;
        map.data[index] = at(map, index) + weight * at(features, place);
      }
    }
  }
  for (let i = 0; i < map.data.length; i++) map.data[i] = Math.max(at(map, i), 0);
  return map;
}
