/** Every operation's cases: what the Kernels page measures at. */
import type { OpCases } from '../../src/kernels/cases.ts';
import * as add from '../../src/kernels/add/cases.ts';
import * as argmax from '../../src/kernels/argmax/cases.ts';
import * as averagePool from '../../src/kernels/average_pool/cases.ts';
import * as batchNorm from '../../src/kernels/batch_norm/cases.ts';
import * as concat from '../../src/kernels/concat/cases.ts';
import * as conv2d from '../../src/kernels/conv2d/cases.ts';
import * as copy from '../../src/kernels/copy/cases.ts';
import * as crossEntropy from '../../src/kernels/cross_entropy/cases.ts';
import * as dropout from '../../src/kernels/dropout/cases.ts';
import * as elementwise from '../../src/kernels/elementwise/cases.ts';
import * as gaussianBlur from '../../src/kernels/gaussian_blur/cases.ts';
import * as globalAveragePool from '../../src/kernels/global_average_pool/cases.ts';
import * as gradCam from '../../src/kernels/grad_cam/cases.ts';
import * as imageCopies from '../../src/kernels/image_copies/cases.ts';
import * as jointHead from '../../src/kernels/joint_head/cases.ts';
import * as jointHeadMapCases from '../../src/kernels/joint_head/map_cases.ts';
import * as linear from '../../src/kernels/linear/cases.ts';
import * as maxPool from '../../src/kernels/max_pool/cases.ts';
import * as nll from '../../src/kernels/nll/cases.ts';
import * as preprocess from '../../src/kernels/preprocess/cases.ts';
import * as reduce from '../../src/kernels/reduce/cases.ts';
import * as relu from '../../src/kernels/relu/cases.ts';
import * as resize from '../../src/kernels/resize/cases.ts';
import * as softmax from '../../src/kernels/softmax/cases.ts';
import * as winograd from '../../src/kernels/winograd/cases.ts';

const MODULES: readonly (readonly [folder: string, module: Readonly<Record<string, unknown>>])[] = [
  ['add', add],
  ['argmax', argmax],
  ['average_pool', averagePool],
  ['batch_norm', batchNorm],
  ['concat', concat],
  ['conv2d', conv2d],
  ['copy', copy],
  ['cross_entropy', crossEntropy],
  ['dropout', dropout],
  ['elementwise', elementwise],
  ['gaussian_blur', gaussianBlur],
  ['global_average_pool', globalAveragePool],
  ['grad_cam', gradCam],
  ['image_copies', imageCopies],
  ['joint_head', jointHead],
  ['joint_head', jointHeadMapCases],
  ['linear', linear],
  ['max_pool', maxPool],
  ['nll', nll],
  ['preprocess', preprocess],
  ['reduce', reduce],
  ['relu', relu],
  ['resize', resize],
  ['softmax', softmax],
  ['winograd', winograd],
];

function isOpCases(value: unknown): value is OpCases<unknown> {
  return typeof value === 'object' && value !== null && 'cases' in value && 'run' in value;
}

/** An operation's cases with its folder below src/kernels. */
export interface FolderCases {
  readonly folder: string;
  readonly op: OpCases<unknown>;
}

/** Modules export other things too: race cases, lists of operations. */
export const ALL_CASES: readonly FolderCases[] = MODULES.flatMap(([folder, module]) =>
  Object.values(module)
    .flat()
    .filter(isOpCases)
    .map((op) => ({ folder, op })),
);
