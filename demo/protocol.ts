/** What the page and its worker say to each other. All computing is the worker's; the page shows and asks. */

import type { AdapterDescription } from '../src/runtime/open.ts';
import type { HeadKind } from '../src/model/head.ts';
import type { ScoreMap } from '../src/eval/score_map.ts';

/** The maps of a CALM head in the order of the paper's section 4.1.3; a CAM head has `cam` and `counterfactual` alone. */
export const CALM_MAPS = [
  'joint',
  'conditional',
  'posterior',
  'saliency',
  'subset',
  'counterfactual',
] as const;
export type MapName = (typeof CALM_MAPS)[number] | 'cam';

/** What the page shows of the adapter. */
export interface GpuDescription {
  readonly adapter: AdapterDescription;
  readonly features: readonly string[];
}

/** A checkpoint that has been loaded. */
export interface ModelDescription {
  /** Of its file. */
  readonly name: string;
  readonly architecture: string;
  readonly head: HeadKind;
  readonly classes: number;
  /** By label; null where the file does not name them. */
  readonly classNames: readonly string[] | null;
  /** Side of the square that the network sees. */
  readonly side: number;
}

/** A picture that has been opened. */
export interface PictureDescription {
  readonly name: string;
  /** Of the picture itself, turned upright. */
  readonly width: number;
  readonly height: number;
  /** What the page shows: the picture, at most MAX_SHOWN pixels a side. */
  readonly shown: ImageBitmap;
  /** What there is to know about how it was read, in words; empty when nothing. */
  readonly note: string;
}

/** What to explain of the open picture. Classes count from 0. */
export interface ExplainRequest {
  /** Null: the most probable one. */
  readonly classIndex: number | null;
  /** Null: the most probable other one. */
  readonly versus: number | null;
  /** Classes to sum over; null: those whose name ends like the class's, or the three most probable. */
  readonly subset: readonly number[] | null;
}

/** One map, with its numbers. */
export interface ExplanationMap {
  readonly name: MapName;
  readonly map: ScoreMap;
}

/** A stage of the work with its time in milliseconds. */
export interface Stage {
  readonly name: string;
  readonly milliseconds: number;
}

export interface Explanation {
  /** p(y|x) of all classes. */
  readonly probabilities: Float32Array;
  readonly classIndex: number;
  /** Null where the model knows one class only. */
  readonly versus: number | null;
  readonly subset: readonly number[];
  readonly maps: readonly ExplanationMap[];
  readonly stages: readonly Stage[];
}

/** How to draw a map over the picture. */
export interface LayerRequest {
  readonly name: MapName;
  readonly width: number;
  readonly height: number;
  /** Scores below this share of the strongest stay clear, 0 to 1. */
  readonly threshold: number;
}

/** How long and on what to train; the rest is as in `npm start`. */
export interface TrainingSettings {
  readonly seed: number;
  readonly epochs: number;
  readonly pictures: number;
  readonly batch: number;
}

export interface CurvePoint {
  /** Over all epochs, from 1. */
  readonly step: number;
  readonly loss: number;
  readonly accuracy: number;
}

/** Of the validation pictures after an epoch. */
export interface ValidationPoint {
  readonly step: number;
  readonly accuracy: number;
}

export type TrainingState = 'none' | 'preparing' | 'running' | 'paused' | 'done';

/** Where training stands. */
export interface TrainingStatus {
  readonly state: TrainingState;
  readonly settings: TrainingSettings | null;
  readonly step: number;
  readonly steps: number;
  readonly stepsPerEpoch: number;
  /** Images per second over the last steps; null before there are any. */
  readonly imagesPerSecond: number | null;
}

/** The fixed pictures with the maps that the network gives of them now. */
export interface GalleryPicture {
  readonly species: string;
  /** p(y|x) of its own class. */
  readonly probability: number;
  /** The picture under its joint map. */
  readonly overlay: ImageBitmap;
}

/** A training run that was kept when the page was left, or the device lost. */
export interface SnapshotDescription {
  readonly settings: TrainingSettings;
  readonly step: number;
  readonly steps: number;
  /** Milliseconds since 1970. */
  readonly saved: number;
}

/** A line of a benchmark's table. */
export interface BenchLine {
  readonly name: string;
  readonly milliseconds: number;
  /** Half the distance between the quartiles, as a part of the median. */
  readonly spread: number;
  readonly gigabytesPerSecond: number;
  readonly gigaflopsPerSecond: number;
}

export interface BenchGroup {
  readonly title: string;
  readonly lines: readonly BenchLine[];
}

/** A kernel's time on this adapter. */
export interface KernelTime {
  /** Such as 'add/add'. */
  readonly kernel: string;
  /** Shapes of its buffers. */
  readonly shape: string;
  readonly milliseconds: number;
}

/** What the engine holds for tensors, in use and kept for reuse. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly freeBytes: number;
  readonly bindGroups: number;
}

/** Every call of the page: what it sends and what it gets. */
export interface Calls {
  openGpu: { request: null; response: GpuDescription };
  /** Null: the model that comes with the page. `head` for files that do not say which loss trained their head. */
  openModel: {
    request: { readonly file: Blob | null; readonly name: string; readonly head: HeadKind | null };
    response: ModelDescription;
  };
  openPicture: { request: { readonly file: Blob; readonly name: string }; response: PictureDescription };
  /** One of the drawn examples, by number. */
  openExample: { request: number; response: PictureDescription };
  drawExamples: { request: number; response: readonly ImageBitmap[] };
  explain: { request: ExplainRequest; response: Explanation };
  layer: { request: LayerRequest; response: ImageBitmap };
  savePicture: {
    request: { readonly name: MapName; readonly threshold: number; readonly opacity: number };
    response: Blob;
  };
  saveMaps: { request: null; response: Blob };
  trainingStatus: { request: null; response: TrainingStatus };
  snapshot: { request: null; response: SnapshotDescription | null };
  /** Starts anew. */
  startTraining: { request: TrainingSettings; response: null };
  /** Goes on from the kept snapshot, or from a checkpoint that this page saved. */
  continueTraining: { request: Blob | null; response: null };
  pauseTraining: { request: null; response: null };
  /** Null: until it is paused. */
  resumeTraining: { request: number | null; response: null };
  discardTraining: { request: null; response: null };
  saveTraining: { request: null; response: Blob };
  bench: { request: 'head' | 'conv2d'; response: readonly BenchGroup[] };
  /** Of the operations in these folders of src/kernels. */
  kernelTimes: { request: readonly string[]; response: readonly KernelTime[] };
  memory: { request: null; response: MemoryUse };
}

export type CallName = keyof Calls;

/** Why a call failed. The page says what to do by the kind; `message` is for people too. */
export interface Failure {
  readonly kind: 'no-webgpu' | 'device-lost' | 'memory' | 'head-unknown' | 'input' | 'bug';
  readonly message: string;
}

export interface CallMessage {
  readonly id: number;
  readonly name: CallName;
  readonly request: unknown;
}

/** What the worker tells of its own accord. */
export type WorkerEvent =
  | { readonly event: 'progress'; readonly id: number; readonly text: string; readonly share: number | null }
  | { readonly event: 'training'; readonly status: TrainingStatus }
  /** `from`: number of points that the page has already; what it has beyond is taken back. */
  | {
      readonly event: 'curve';
      readonly from: number;
      readonly points: readonly CurvePoint[];
      readonly validation: readonly ValidationPoint[];
    }
  | { readonly event: 'gallery'; readonly step: number; readonly pictures: readonly GalleryPicture[] }
  | { readonly event: 'training-failed'; readonly failure: Failure }
  /** The device was lost while training; `step`: where it goes on. */
  | { readonly event: 'training-recovered'; readonly step: number }
  | { readonly event: 'device-lost'; readonly message: string }
  /** Told by the page's own side: what the worker held is gone. */
  | { readonly event: 'worker-ended'; readonly message: string };

export type WorkerMessage =
  | WorkerEvent
  | { readonly event: 'response'; readonly id: number; readonly response: unknown }
  | { readonly event: 'failure'; readonly id: number; readonly failure: Failure };

/** Most pixels a side of what is shown of a picture, and of what is scaled down for the network. */
export const MAX_SHOWN = 1024;
