/** Run by safetensors.test.ts in a process that may only write small files: overwrites the file named on the command line. */
import { writeSafetensors } from '../../src/model/safetensors.node.ts';
import { encodeTensor } from '../../src/model/safetensors.ts';

const values = new Float32Array(1_000_000);
await writeSafetensors(process.argv[2] ?? '', [['x', encodeTensor(values, [values.length])]]);
