/** The public API of calm-webgpu: everything a page or a program may import, and nothing else. */

// The engine: a device with its memory, kernels and command queue.
export { createEngine } from './runtime/create_engine.ts';
export type { EngineOptions } from './runtime/create_engine.ts';
export type { Capabilities } from './runtime/capabilities.ts';
export type { Capture } from './runtime/capture.ts';
export type { Engine, Launch } from './runtime/engine.ts';
export {
  ArgumentError,
  CalmError,
  DeviceLostError,
  DisposedError,
  GpuError,
  UnsupportedError,
} from './runtime/errors.ts';
export type { KernelModule } from './runtime/kernel.ts';
export type { AdapterDescription } from './runtime/open.ts';
export { ParameterStore } from './runtime/parameters.ts';
export type { ParameterSpecification } from './runtime/parameters.ts';
export type { Profile, ProfileRow } from './runtime/profile.ts';
export type { Shape } from './runtime/shape.ts';
export type { Tape } from './runtime/tape.ts';
export type { DType, HostArray, Tensor } from './runtime/tensor.ts';

// Operations, each with its gradient unless it says otherwise.
export { startTape } from './kernels/tape.ts';
export { add } from './kernels/add/add.ts';
export { accuracyCount, argmax } from './kernels/argmax/argmax.ts';
export { averagePool2d } from './kernels/average_pool/average_pool.ts';
export { batchNorm } from './kernels/batch_norm/batch_norm.ts';
export { concatChannels } from './kernels/concat/concat.ts';
export { conv2d } from './kernels/conv2d/conv2d.ts';
export { crossEntropy } from './kernels/cross_entropy/cross_entropy.ts';
export { dropout } from './kernels/dropout/dropout.ts';
export { divide, multiply, subtract } from './kernels/elementwise/binary.ts';
export {
  abs,
  addScalar,
  clamp,
  exp,
  log,
  scale,
  softplus,
  sqrt,
  square,
} from './kernels/elementwise/unary.ts';
export { gaussianBlur } from './kernels/gaussian_blur/gaussian_blur.ts';
export { globalAveragePool } from './kernels/global_average_pool/global_average_pool.ts';
export { jointHead } from './kernels/joint_head/joint_head.ts';
export type { JointHeadOptions, JointHeadResult } from './kernels/joint_head/joint_head.ts';
export { jointMaps, jointPosterior } from './kernels/joint_head/joint_maps.ts';
export { unfusedJointHead } from './kernels/joint_head/unfused.ts';
export { linear } from './kernels/linear/linear.ts';
export { maxPool2d } from './kernels/max_pool/max_pool.ts';
export { nllLoss, pixelwiseNll } from './kernels/nll/nll.ts';
export { preprocess, uploadImages } from './kernels/preprocess/preprocess.ts';
export {
  maxPerSample,
  mean,
  minPerSample,
  sum,
  sumLastAxis,
  sumPerSample,
  sumSpatial,
} from './kernels/reduce/reduce.ts';
export { relu } from './kernels/relu/relu.ts';
export { resizeBilinear } from './kernels/resize/resize.ts';
export { exponentialMovingAverage } from './kernels/sgd/flat_update.ts';
export { createSgd } from './kernels/sgd/sgd.ts';
export type { Sgd, SgdGroup, SgdOptions } from './kernels/sgd/sgd.ts';
export { logSoftmax, softmax } from './kernels/softmax/softmax.ts';

// Models and their files.
export { createModel } from './model/model.ts';
export type { Forward, Loss, Model } from './model/model.ts';
export type { Architecture, ModelConfiguration, ModelOptions } from './model/configuration.ts';
export type { HeadKind, HeadLogits, HeadOptions, Prediction } from './model/head.ts';
export { encodeTensor, parseSafetensors, serializeSafetensors, toFloat32 } from './model/safetensors.ts';

// Pictures and batches.
export { createLoader } from './data/loader.ts';
export type { Batch, Loader, LoaderOptions } from './data/loader.ts';
export type { Dataset } from './data/dataset.ts';
export type { Image } from './data/image.ts';
export { resizeBilinear as resizeImage } from './data/resize.ts';
export { generateBirdlet } from './data/birdlets/generate.ts';
export type { Birdlet, BirdletOptions } from './data/birdlets/generate.ts';

// Training.
export { createTrainer } from './train/trainer.ts';
export type { EpochSummary, StepEvent } from './train/epoch.ts';
export type { Trainer, TrainerOptions } from './train/trainer.ts';
export { IMAGENET_NORMALIZATION, uploadBatch } from './train/batch.ts';
export { evaluate } from './train/evaluate.ts';
export type { Evaluation } from './train/evaluate.ts';

// Maps, how good they are, and how they look.
export { counterfactualMap, explainCalm, explainCam, mapSum } from './attribution/maps.ts';
export type { CalmExplanation, CamExplanation, ClassAttribution } from './attribution/maps.ts';
export { attributionMaps } from './attribution/model_maps.ts';
export { classificationMetrics } from './eval/classification.ts';
export { evaluateCueLocalisation } from './eval/cue_localisation.ts';
export { PixelAveragePrecision } from './eval/pixel_average_precision.ts';
export { normaliseScoreMap, resizeScoreMap, subtractScoreMaps } from './eval/score_map.ts';
export type { ScoreMap } from './eval/score_map.ts';
export { maskOverlay, overlay, renderMap } from './report/overlay.ts';
