/** The public API of calm-webgpu: everything a page or a program may import, and nothing else. */

// The engine: a device with its memory, kernels and command queue.
export { createEngine } from './runtime/create_engine.ts';
export type { EngineOptions } from './runtime/create_engine.ts';
export type { Capabilities } from './runtime/capabilities.ts';
export type { Capture } from './runtime/capture.ts';
export type { Engine } from './runtime/engine.ts';
export {
  ArgumentError,
  CalmError,
  DeviceLostError,
  DisposedError,
  GpuError,
  OutOfMemoryError,
  UnsupportedError,
} from './runtime/errors.ts';
export type { KernelModule } from './runtime/kernel.ts';
export type { Launch } from './runtime/launch.ts';
export type { AdapterDescription } from './runtime/open.ts';
export { ParameterStore } from './runtime/parameters.ts';
export type { ParameterSpecification } from './runtime/parameters.ts';
export type { Profile, ProfileRow } from './runtime/profile.ts';
export type { Shape } from './runtime/shape.ts';
export type { Tape } from './runtime/tape.ts';
export type { DType, HostArray, Tensor } from './runtime/tensor.ts';
export { TensorTracker } from './runtime/tensor_tracker.ts';
export type { LiveTensor } from './runtime/tensor_tracker.ts';

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
export { gradCam } from './kernels/grad_cam/grad_cam.ts';
export type { BlurOptions, BlurVariant } from './kernels/gaussian_blur/gaussian_blur.ts';
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
export type { Forward, Loss, Model, TrunkLoad } from './model/model.ts';
export type { Architecture, ModelConfiguration, ModelOptions } from './model/configuration.ts';
export type { InceptionOptions } from './model/inception.ts';
export type { ResNetOptions } from './model/resnet_family.ts';
export type { TrunkImportOptions } from './model/trunk.ts';
export type { VggOptions } from './model/vgg.ts';
export type { HeadKind, HeadLogits, HeadOptions, Prediction } from './model/head.ts';
export { openWeights, readWeights } from './model/files/open_weights.ts';
export type { WeightsOptions } from './model/files/open_weights.ts';
export type { OptimizerState, WeightsFile } from './model/files/weights_file.ts';
export { serializeTorch } from './model/files/torch_writer.ts';
export { WeightsFileError } from './model/files/error.ts';
export { recogniseModel } from './model/recognise/recognise.ts';
export type { RecognisedModel } from './model/recognise/recognise.ts';
export { encodeTensor, parseSafetensors, serializeSafetensors, toFloat32 } from './model/safetensors.ts';

// Pictures and batches.
export { createLoader } from './data/loader.ts';
export type { BadImage, Batch, Loader, LoaderOptions, LoaderStatistics } from './data/loader.ts';
export type { Dataset, PictureDecoder, PictureSource } from './data/dataset.ts';
export { DatasetError } from './data/dataset.ts';
export { ImageDecodeError } from './data/image.ts';
export type { Image, Plane } from './data/image.ts';
export { decodeJpeg } from './data/jpeg/decode.ts';
export { resizeBilinear as resizeImage } from './data/resize.ts';
export { generateBirdlet } from './data/birdlets/generate.ts';
export type { Birdlet, BirdletOptions } from './data/birdlets/generate.ts';

// Training.
export { createTrainer } from './train/trainer.ts';
export type { EpochOptions, EpochProgress, EpochSummary, FitOptions, StepEvent } from './train/epoch.ts';
export type { Trainer, TrainerOptions } from './train/trainer.ts';
export { NonFiniteError } from './train/non_finite.ts';
export type { NonFiniteOrigin, NonFiniteStep } from './train/non_finite.ts';
export { recordPass } from './train/recorded_pass.ts';
export type { PassInput } from './train/recorded_pass.ts';
export { checkpointContent, modelContent, parseCheckpoint, resumeTraining } from './train/checkpoint.ts';
export type { Checkpoint } from './train/checkpoint.ts';
export { parameterGroups } from './train/parameter_groups.ts';
export type { GroupKind } from './train/parameter_groups.ts';
export type { Schedule } from './train/schedule.ts';
export { IMAGENET_NORMALIZATION, uploadBatch } from './train/batch.ts';
export { evaluate } from './train/evaluate.ts';
export type { Evaluation } from './train/evaluate.ts';

// Maps, how good they are, and how they look.
export { counterfactualMap, explainCalm, explainCam, mapSum } from './attribution/maps.ts';
export type { CalmExplanation, CamExplanation, ClassAttribution } from './attribution/maps.ts';
export { attribute } from './attribution/attribute.ts';
export type { Attribution, AttributionRequest } from './attribution/attribute.ts';
export type { ClassChoice } from './attribution/class_choice.ts';
export type { GradientOptions } from './attribution/gradient_maps.ts';
export { attributionMethod, METHODS, methodsOf } from './attribution/methods.ts';
export type { Method, MethodName } from './attribution/methods.ts';
export { attributeBatches, attributionMaps } from './attribution/model_maps.ts';
export { classesBelow, IMAGENET_BIRDS, parseClassList } from './attribution/superset.ts';
export type { Target } from './attribution/target.ts';
export { auditProperties } from './attribution/audit/properties.ts';
export type { PropertyResult } from './attribution/audit/properties.ts';
export { auditRandomisation } from './attribution/audit/randomisation.ts';
export type { RandomisationResult } from './attribution/audit/randomisation.ts';
export { classificationMetrics } from './eval/classification.ts';
export { BoxAccuracy, resizeBox } from './eval/box_accuracy.ts';
export type { BoxAccuracyOptions, BoxAccuracyResult } from './eval/box_accuracy.ts';
export { boxOverlap, contourArea, contourBox, findContours } from './eval/contours.ts';
export type { Contour, PixelBox } from './eval/contours.ts';
export { ContourSweep } from './eval/contour_sweep.ts';
export { CueTally, evaluateCueLocalisation } from './eval/cue_localisation.ts';
export type { CueLocalisationResult } from './eval/cue_localisation.ts';
export { erasedCount, erasureOrder, randomErasureOrder } from './eval/erasure.ts';
export type { Fill } from './eval/erasure.ts';
export { fillPictures } from './eval/fill_pictures.ts';
export { ObjectLocalisation } from './eval/object_localisation.ts';
export type { ObjectLocalisationResult, ObjectTruth } from './eval/object_localisation.ts';
export { PixelAveragePrecision } from './eval/pixel_average_precision.ts';
export { removalResult, rightAfterErasing } from './eval/remove_and_classify.ts';
export type { RandomErasing, RemovalResult } from './eval/remove_and_classify.ts';
export { normaliseScoreMap, resizeScoreMap, subtractScoreMaps } from './eval/score_map.ts';
export type { ScoreMap } from './eval/score_map.ts';
export { effectiveLocations, SharpnessTally } from './eval/sharpness.ts';
export type { SharpnessResult } from './eval/sharpness.ts';
export { maskOverlay, overlay, renderMap } from './report/overlay.ts';
export { panelFigure } from './report/panels.ts';
export type { Panel } from './report/panels.ts';
