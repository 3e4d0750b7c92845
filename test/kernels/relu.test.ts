import { describeOp } from './describe_op.ts';
import { reluCases } from '../../src/kernels/relu/cases.ts';

describeOp(reluCases);
