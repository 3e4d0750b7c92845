import { conv2d, createEngine, crossEntropy, globalAveragePool, mean, startTape } from 'calm-webgpu';

const engine = await createEngine();
// Images are [N,H,W,C], weights [KH,KW,Cin,Cout]. What outlives a tape is made on the engine, and disposed of by you.
const images = engine.tensor(
  Float32Array.from({ length: 2 * 8 * 8 * 3 }, (_, i) => Math.sin(i)),
  [2, 8, 8, 3],
);
const weights = engine.tensor(
  Float32Array.from({ length: 3 * 3 * 3 * 4 }, (_, i) => Math.cos(i) / 5),
  [3, 3, 3, 4],
  {
    requiresGradient: true,
  },
);
const labels = engine.tensor(Uint32Array.of(1, 3), [2]);

const tape = startTape(engine);
const logits = globalAveragePool(tape, conv2d(tape, images, weights, { padding: 1 })); // [2,4]
const loss = mean(tape, crossEntropy(tape, logits, labels)); // of no axes: []
const one = engine.tensor(Float32Array.of(1), []); // d loss / d loss
tape.backward(loss, one);
const gradient = tape.gradient(weights); // a tensor like `weights`, owned by the tape; null where nothing flowed
if (gradient !== null) {
  const [value] = await engine.read(loss);
  const numbers = await engine.read(gradient);
  console.log({ loss: value, gradient: numbers.length, first: numbers[0] });
}
tape.end(); // everything computed on it goes back to the pool

for (const tensor of [images, weights, labels, one]) tensor.dispose();
engine.destroy();
