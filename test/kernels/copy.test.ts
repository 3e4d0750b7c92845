import { copyCases } from '../../src/kernels/copy/cases.ts';
import { describeOp } from './describe_op.ts';

describeOp(copyCases);
