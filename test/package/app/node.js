import * as calm from 'calm-webgpu';
import { listAdapters } from 'calm-webgpu/node';
import { exercise } from './exercise.js';

const adapters = await listAdapters();
console.log(JSON.stringify({ adapters: adapters.length, result: await exercise(calm, process.argv[2]) }));
