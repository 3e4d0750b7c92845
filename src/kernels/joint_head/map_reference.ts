import type { Array64 } from '../reference.ts';
import type { PosteriorOptions } from './options.ts';
import { array64, at } from '../reference.ts';
import { imageJoint64 } from './reference.ts';
import { logSumExp64 } from '../softmax/reference.ts';

/** What `jointMaps` can be asked for. */
export type MapKind = 'prior' | 'probabilities' | 'joint' | 'conditional' | 'posterior' | 'probability';

/** One kind of map of the joint distribution; classes [N] or [N,K] matter to the last four kinds. */
export function jointMapsReference(
  classLogits: Array64,
  locationLogits: Array64,
  classes: Array64,
  kind: MapKind,
  options: PosteriorOptions,
): Array64 {
  const [images = 0, height = 0, width = 0, count = 0] = classLogits.shape;
  const prior = options.prior ?? 'softplus';
  const setSize = classes.shape[1] ?? 1;
  const rows = Array.from({ length: images }, (_, image): number[] => {
    const ofClass = (label: number) => imageJoint64(classLogits, locationLogits, image, label, prior);
    if (kind === 'prior') return ofClass(0).logPrior.map(Math.exp);
    if (kind === 'probabilities')
      return Array.from({ length: count }, (_, label) => Math.exp(ofClass(label).logLikelihood));
    const members = Array.from({ length: setSize }, (_, k) => ofClass(at(classes, image * setSize + k)));
    const places = members[0]?.logJoint.map((_, z) => z) ?? [];
    const sum = (part: 'logJoint' | 'logConditional'): number[] =>
      places.map((z) => {
        const values = members.map((member) => member[part][z] ?? Number.NaN);
        return values.some(Number.isNaN) ? Number.NaN : logSumExp64(values);
      });
    if (kind === 'conditional') return sum('logConditional').map(Math.exp);
    const logJoint = sum('logJoint');
    if (kind === 'joint') return logJoint.map(Math.exp);
    const logLikelihood = logJoint.some(Number.isNaN) ? Number.NaN : logSumExp64(logJoint);
    if (kind === 'probability') return [Math.exp(logLikelihood)];
    const divisor =
      options.officialEpsilons === true ? Math.log(Math.exp(logLikelihood) + 1e-10) : logLikelihood;
    return logJoint.map((value) => Math.exp(value - divisor));
  });
  const shape =
    kind === 'probabilities' ? [images, count] : kind === 'probability' ? [images] : [images, height, width];
  return array64(shape, rows.flat());
}
