/** CALM's loss from TensorFlow.js's operations. */
import type { HeadWork } from '../work.ts';
import type { Tf, TfTensor } from './tfjs_bundle.ts';

/** p(y,z|x), [N, H * W, C], of class logits [N,H,W,C] and location logits [N,H,W,1]: the formula as it is written. */
export function tfJoint(tf: Tf, f: TfTensor, a: TfTensor): TfTensor {
  const [batch = 1, height = 1, width = 1, classes = 1] = f.shape;
  const conditional = tf.reshape(tf.softmax(f), [batch, height * width, classes]);
  const activation = tf.reshape(tf.softplus(a), [batch, height * width, 1]);
  return tf.mul(conditional, tf.div(activation, tf.sum(activation, 1, true)));
}

/** CALM-EM's mean loss as a function of both logits. */
export function tfLoss(
  tf: Tf,
  { batch, classes, labels }: Pick<HeadWork, 'batch' | 'classes' | 'labels'>,
): (f: TfTensor, a: TfTensor) => TfTensor {
  const oneHot = tf.tidy(() => {
    const indices = tf.tensor(Int32Array.from(labels), [batch], 'int32');
    return tf.reshape(tf.cast(tf.oneHot(indices, classes), 'float32'), [batch, 1, classes]);
  });
  const stopGradient = tf.customGrad((input) => ({
    value: tf.clone(input),
    gradFunc: (outputGradient) => tf.zerosLike(outputGradient),
  }));
  return (f, a) => {
    const likelihood = tf.sum(tf.mul(tfJoint(tf, f, a), oneHot), 2);
    const posterior = stopGradient(tf.div(likelihood, tf.sum(likelihood, 1, true)));
    return tf.neg(tf.mean(tf.sum(tf.mul(posterior, tf.log(likelihood)), 1)));
  };
}
