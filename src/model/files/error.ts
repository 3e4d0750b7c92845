import { CalmError } from '../../runtime/errors.ts';

/** A file of weights is damaged, hostile, or of a kind that is not read; the message names the file, the place and the reason. */
export class WeightsFileError extends CalmError {
  override name = 'WeightsFileError';
}

/** Puts a place before the message of our own errors; errors of any other kind (a failing disk, a bug) pass as they are. */
export async function at<Result>(place: string, work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CalmError)
      throw new WeightsFileError(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}
