/** Base of every error this package throws on purpose; `instanceof CalmError` tells ours from a bug. */
export class CalmError extends Error {
  override name = 'CalmError';
}

/** A tensor, option or argument does not fit the call. The message names the call, the argument, what it got and wanted. */
export class ArgumentError extends CalmError {
  override name = 'ArgumentError';
}

/** A tensor, tape or engine was used after its memory had been given back. */
export class DisposedError extends CalmError {
  override name = 'DisposedError';
}

/** The adapter cannot do what was asked (limit or feature); the message says which limit and what would help. */
export class UnsupportedError extends CalmError {
  override name = 'UnsupportedError';
}

/** WebGPU refused a kernel or a command; `cause` holds the GPUError where there is one. */
export class GpuError extends CalmError {
  override name = 'GpuError';
}

/**
 * A tensor does not fit: into what memory is left, into the engine's `memoryLimit`, or into the largest buffer or binding of the adapter.
 * Less at a time helps: a smaller batch or image, `microBatchSize` in training, `recompute`.
 */
export class OutOfMemoryError extends GpuError {
  override name = 'OutOfMemoryError';
}

/** The GPU device is gone. Every pending and later call on its engine ends with this error. */
export class DeviceLostError extends CalmError {
  override name = 'DeviceLostError';
}

/** Throws the one kind of argument error: "conv2d: weight has shape [3,3,4,8], wanted [KH,KW,5,Cout]". */
export function reject(operation: string, argument: string, got: string, wanted: string): never {
  // What was got may come from a file, and be of any length.
  const told = got.length > 200 ? `${got.slice(0, 200)}...` : got;
  throw new ArgumentError(`${operation}: ${argument} is ${told}, wanted ${wanted}`);
}
