import {
  counterfactualMap,
  createEngine,
  createModel,
  explainCalm,
  generateBirdlet,
  IMAGENET_NORMALIZATION,
  mapSum,
  renderMap,
  startTape,
  uploadBatch,
} from 'calm-webgpu';

const engine = await createEngine();
const model = createModel(engine, {
  architecture: 'resnet18',
  head: 'calm-em',
  classes: 12,
  outputStride: 16,
});

// Any RGB bytes [N,H,W,3] will do: a canvas's without its alpha, a decoded file's, or as here a drawn figure's.
const { image } = generateBirdlet(1, 0, { size: 64 });
const batch = {
  images: image.data,
  height: image.height,
  width: image.width,
  crop: 64,
  labels: Uint32Array.of(3),
  crops: Int32Array.of(0, 0),
  flips: Uint8Array.of(0),
};

const tape = startTape(engine, { gradients: false });
const { images } = uploadBatch(tape, batch, IMAGENET_NORMALIZATION);
const [explained] = await explainCalm(tape, model.forward(tape, images), {
  classes: { all: [3, 4] },
  subset: [3, 4, 5], // a genus
});
tape.end();

const [own, other] = explained?.classes ?? [];
if (explained && own && other) {
  const maps = {
    joint: own.joint, // p(y,z|x): sums to p(y|x)
    conditional: own.conditional, // p(y|x,z)
    posterior: own.posterior, // p(z|x,y): sums to 1
    saliency: explained.saliency, // p(z|x): sums to 1
    subset: explained.subset?.joint ?? own.joint, // the sum over the genus
    counterfactual: counterfactualMap(own, other), // why 3 and not 4
  };
  for (const [name, map] of Object.entries(maps)) console.log(name, map.height, map.width, mapSum(map));
  console.log('p(y=3|x)', own.probability);
  // In colours, ready for a canvas or a PNG.
  const picture = renderMap(maps.joint, 64, 64);
  console.log('pixels', picture.width, picture.height);
}
model.dispose();
engine.destroy();
