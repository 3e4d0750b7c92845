import { addCases } from '../../src/kernels/add/cases.ts';
import { describeOp } from './describe_op.ts';

describeOp(addCases);
