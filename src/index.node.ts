/** What needs Node: folders of images, checkpoints, adapters by name and several processes. `calm-webgpu/node`; the rest is in index.ts. */

export { openCub, readCubAnnotations } from './data/cub.node.ts';
export type { CubDataset, CubOptions } from './data/cub.node.ts';
export { openDataset } from './data/open_dataset.node.ts';
export type { OpenDatasetOptions } from './data/open_dataset.node.ts';
export type { DatasetKind, ImageDataset, Split } from './data/image_dataset.ts';
export { createDecoderPool, defaultWorkers } from './data/decoder_pool.node.ts';
export type { DecoderPool, DecoderPoolOptions } from './data/decoder_pool.node.ts';
export { decodeImage, inspectImage, readImage } from './data/decode.node.ts';
export type { DecodeOptions } from './data/decode.node.ts';
export { encodePng } from './data/png/png.node.ts';
export { writeBirdlets } from './data/birdlets/write.node.ts';
export type { BirdletFolderOptions } from './data/birdlets/write.node.ts';
export { openWeightsFile, readWeightsFile } from './model/files/open_weights.node.ts';
export { readSafetensors, writeSafetensors } from './model/safetensors.node.ts';
export { readCheckpoint, saveCheckpoint, saveModel } from './train/checkpoint.node.ts';
export { EventFile } from './train/event_file.node.ts';
export { listAdapters } from './runtime/open.node.ts';
export { openCommunicator } from './distributed/open.node.ts';
export type { CommunicatorOptions } from './distributed/open.node.ts';
export { alone } from './distributed/communicator.ts';
export type { Communicator } from './distributed/communicator.ts';
export { DataParallel } from './distributed/data_parallel.ts';
export type { DataParallelOptions } from './distributed/data_parallel.ts';
export { resolveSuperset } from './attribution/superset.node.ts';
export type { Superset } from './attribution/superset.node.ts';
