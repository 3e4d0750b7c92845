// What a user's first page does, in small: an engine, a training step, an explanation. Returns its numbers.
export async function exercise(calm, adapter) {
  const engine = await calm.createEngine(adapter === undefined ? {} : { adapter });
  const model = calm.createModel(engine, {
    architecture: 'resnet18',
    layers: [1, 1],
    widths: [8, 16],
    strides: [1, 2],
    stem: { width: 8, kernel: 3, stride: 2, pool: false },
    head: 'calm-em',
    classes: 3,
    seed: 7,
  });
  const [count, side] = [3, 24];
  const batch = {
    images: Uint8Array.from({ length: count * side * side * 3 }, (_, i) => (i * 2_654_435_761) >>> 24),
    height: side,
    width: side,
    crop: side,
    labels: Uint32Array.of(0, 1, 2),
    crops: new Int32Array(2 * count),
    flips: new Uint8Array(count),
  };
  async function* batches() {
    yield batch;
  }
  const trainer = calm.createTrainer(model, { learningRate: 0.02 });
  const [summary] = await trainer.fit({ epochs: 1, stepsPerEpoch: 1, train: batches });
  const tape = calm.startTape(engine, { gradients: false });
  const { images } = calm.uploadBatch(tape, batch, calm.IMAGENET_NORMALIZATION);
  const explained = await calm.explainCalm(tape, model.forward(tape, images), { classes: { all: [1] } });
  tape.end();
  const result = {
    name: engine.adapter.name,
    loss: summary.loss,
    probabilities: explained.map(({ probabilities }) => [...probabilities]),
    maps: explained.map(({ classes }) => [...classes[0].joint.data]),
  };
  trainer.dispose();
  model.dispose();
  engine.destroy();
  return result;
}
