import * as calm from 'calm-webgpu';
import { exercise } from './exercise.js';

exercise(calm).then(
  (result) => postMessage(result),
  (error: unknown) => postMessage({ error: String(error) }),
);
