import { describeOp } from './describe_op.ts';
import { winogradCases } from '../../src/kernels/winograd/cases.ts';

describeOp(winogradCases);
