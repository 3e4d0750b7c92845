import { createEngine, createModel } from 'calm-webgpu';
import { readCheckpoint, saveModel } from 'calm-webgpu/node';

const engine = await createEngine();
const model = createModel(engine, { architecture: 'resnet18', head: 'calm-em', classes: 5 });
await saveModel('model.safetensors', model, { classNames: ['wren', 'robin', 'finch', 'jay', 'crow'] });
model.dispose();

// The file knows the network's shape as well as its numbers, and keeps what you gave it.
const { configuration, state, info } = await readCheckpoint('model.safetensors');
const again = createModel(engine, configuration);
again.loadStateDict(state);
console.log(again.configuration.architecture, state.size, info);
again.dispose();
engine.destroy();
