/** Errors as the page is told of them. */
import type { Failure } from '../protocol.ts';
import {
  ArgumentError,
  CalmError,
  DeviceLostError,
  DisposedError,
  OutOfMemoryError,
  UnsupportedError,
} from '../../src/runtime/errors.ts';

/** The picture, file or request is at fault; the message says how. */
export class InputError extends CalmError {
  override readonly name = 'InputError';
}

/** A file whose tensors do not tell which loss trained its head. */
export class HeadUnknownError extends CalmError {
  override readonly name = 'HeadUnknownError';
}

const SMALLER = 'Close other tabs, or take a smaller picture, model or batch.';

function isOutOfMemory(error: unknown): boolean {
  if (error instanceof RangeError) return /alloc|array (buffer )?length|memory/i.test(error.message);
  return error instanceof OutOfMemoryError;
}

export function describeFailure(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  if (isOutOfMemory(error))
    return { kind: 'memory', message: `There is not enough memory for this. ${SMALLER}` };
  if (error instanceof HeadUnknownError) return { kind: 'head-unknown', message };
  if (error instanceof DeviceLostError || error instanceof DisposedError)
    return { kind: 'device-lost', message };
  if (error instanceof UnsupportedError)
    return { kind: /openGpu|WebGPU/.test(message) ? 'no-webgpu' : 'memory', message };
  if (error instanceof ArgumentError || error instanceof CalmError) return { kind: 'input', message };
  console.error(error);
  return { kind: 'bug', message };
}
