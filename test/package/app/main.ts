import * as calm from 'calm-webgpu';
import { exercise } from './exercise.js';

declare global {
  var inPage: () => Promise<unknown>;
  var inWorker: () => Promise<unknown>;
}

globalThis.inPage = () => exercise(calm);

globalThis.inWorker = () => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });
};
