/** What needs Node: folders of images, checkpoints and adapters by name. `calm-webgpu/node`; the rest is in index.ts. */

export { openCub, readCubAnnotations } from './data/cub.node.ts';
export type { CubDataset, CubOptions, Split } from './data/cub.node.ts';
export { encodePng, readImage } from './data/decode.node.ts';
export { writeBirdlets } from './data/birdlets/write.node.ts';
export type { BirdletFolderOptions } from './data/birdlets/write.node.ts';
export { readSafetensors, writeSafetensors } from './model/safetensors.node.ts';
export { readCheckpoint, saveCheckpoint, saveModel } from './train/checkpoint.node.ts';
export { listAdapters } from './runtime/open.node.ts';
