import type { Array64 } from '../reference.ts';
import type { JointHeadOptions } from './options.ts';
import { array64, at } from '../reference.ts';
import { logSoftmax64, logSumExp64 } from '../softmax/reference.ts';

/** Options of the head with the posterior as a float64 array (the kernel's option is a tensor). */
export interface JointHeadReferenceOptions extends Omit<JointHeadOptions, 'posterior' | 'variant'> {
  readonly posterior?: Array64;
}

/** Logarithm of the activation, and its derivative divided by it. */
function activation(a: number, prior: 'softplus' | 'relu'): { log: number; ratio: number } {
  if (prior === 'relu')
    return a > 0 ? { log: Math.log(a), ratio: 1 / a } : { log: Number.NEGATIVE_INFINITY, ratio: 0 };
  const e = Math.exp(-Math.abs(a));
  const softplus = Math.max(a, 0) + Math.log1p(e);
  // For very negative a, softplus(a) = e (1 - e/2 + ...): the division by e keeps it from underflowing.
  const relative = e < 1e-300 ? 1 : Math.log1p(e) / e;
  return a > 0
    ? { log: Math.log(softplus), ratio: 1 / ((1 + e) * softplus) }
    : { log: a + Math.log(relative), ratio: 1 / ((1 + e) * relative) };
}

/** What is known of one image and one class: all the head's quantities. */
export interface ImageJoint {
  /** log p(z|x) per location. */
  readonly logPrior: readonly number[];
  /** p(c|x,z), [location][class]. */
  readonly conditional: readonly (readonly number[])[];
  /** log p(y|x,z) per location. */
  readonly logConditional: readonly number[];
  /** log p(y,z|x) per location. */
  readonly logJoint: readonly number[];
  readonly logLikelihood: number;
  /** act'/act of the location logit. */
  readonly ratio: readonly number[];
}

/** All quantities of image n for class `label`. */
export function imageJoint64(
  classLogits: Array64,
  locationLogits: Array64,
  image: number,
  label: number,
  prior: 'softplus' | 'relu',
): ImageJoint {
  const [, height = 0, width = 0, classes = 0] = classLogits.shape;
  const places = Array.from({ length: height * width }, (_, z) => image * height * width + z);
  const activations = places.map((m) => activation(at(locationLogits, m), prior));
  const logNormaliser = logSumExp64(activations.map(({ log }) => log));
  // A prior that is zero everywhere is 0/0.
  const logPrior = activations.map(({ log }) =>
    logNormaliser === Number.NEGATIVE_INFINITY ? Number.NaN : log - logNormaliser,
  );
  const rows = places.map((m) =>
    logSoftmax64(Array.from({ length: classes }, (_, c) => at(classLogits, m * classes + c))),
  );
  // A label outside the classes has no probability.
  const logConditional = rows.map((row) => row[label] ?? Number.NaN);
  const logJoint = logPrior.map((value, z) => value + (logConditional[z] ?? Number.NaN));
  return {
    logPrior,
    conditional: rows.map((row) => row.map(Math.exp)),
    logConditional,
    logJoint,
    logLikelihood: logJoint.some(Number.isNaN) ? Number.NaN : logSumExp64(logJoint),
    ratio: activations.map(({ ratio }) => ratio),
  };
}

/** Loss, weights q of the class logits' gradient and weights u of the location logits' gradient of one image. */
function imageLoss(
  joint: ImageJoint,
  image: number,
  options: JointHeadReferenceOptions,
): { loss: number; q: number[]; u: number[] } {
  const { logPrior, logConditional, logJoint, logLikelihood } = joint;
  const em = options.objective === 'em';
  const epsilons = em && options.officialEpsilons === true;
  const logDivisor = epsilons ? Math.log(Math.exp(logLikelihood) + 1e-10) : logLikelihood;
  const { posterior } = options;
  const q = logJoint.map((value, z) => {
    if (posterior === undefined) return Math.exp(value - logDivisor);
    // A label outside the classes leaves nothing to weigh, whatever the posterior.
    return Number.isNaN(logConditional[z] ?? Number.NaN)
      ? Number.NaN
      : at(posterior, image * logJoint.length + z);
  });
  const u = [...q];
  let expected = 0;
  for (const [z, weight] of q.entries()) {
    let value = logJoint[z] ?? Number.NaN;
    const p = Math.exp(logPrior[z] ?? Number.NaN);
    if (epsilons && p < 1e-8) {
      value = Math.log(p + 1e-8) + (logConditional[z] ?? Number.NaN);
      u[z] = (weight * p) / (p + 1e-8);
    }
    if (weight !== 0) expected += weight * value;
  }
  return { loss: em ? -expected : -logLikelihood, q, u };
}

/** Per-sample loss [N] of the joint head for class logits [N,H,W,C], location logits [N,H,W,1] and labels [N]. */
export function jointHeadReference(
  classLogits: Array64,
  locationLogits: Array64,
  labels: Array64,
  options: JointHeadReferenceOptions,
): Array64 {
  const prior = options.prior ?? 'softplus';
  const losses = Array.from(labels.data, (label, image) => {
    const joint = imageJoint64(classLogits, locationLogits, image, label, prior);
    return imageLoss(joint, image, options).loss;
  });
  return array64(labels.shape, losses);
}

/** Gradients of class and location logits for a gradient of the per-sample loss. */
export function jointHeadReferenceGradient(
  classLogits: Array64,
  locationLogits: Array64,
  labels: Array64,
  lossGradient: Array64,
  options: JointHeadReferenceOptions,
): [Array64, Array64] {
  const classGradient = array64(classLogits.shape);
  const locationGradient = array64(locationLogits.shape);
  const classes = classLogits.shape[3] ?? 0;
  for (const [image, label] of labels.data.entries()) {
    const joint = imageJoint64(classLogits, locationLogits, image, label, options.prior ?? 'softplus');
    const { q, u } = imageLoss(joint, image, options);
    const scale = at(lossGradient, image);
    const total = options.detachNormalizer === true ? 0 : u.reduce((sum, value) => sum + value, 0);
    for (const [z, row] of joint.conditional.entries()) {
      const m = image * q.length + z;
      for (const [c, p] of row.entries())
        classGradient.data[m * classes + c] = scale * (q[z] ?? 0) * (p - (c === label ? 1 : 0));
      const slope = (u[z] ?? 0) - Math.exp(joint.logPrior[z] ?? 0) * total;
      const ratio = joint.ratio[z] ?? Number.NaN;
      // A ReLU that is zero has no slope, even where an image without a prior makes everything else NaN.
      const outside = label >= classes;
      locationGradient.data[m] = ratio === 0 && !outside ? 0 : -scale * ratio * slope;
    }
  }
  return [classGradient, locationGradient];
}
