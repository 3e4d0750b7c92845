/** The worker: answers the page's calls. Calls to one picture or model go one after another; training runs beside them. */
import type { CallMessage, CallName, Calls } from '../protocol.ts';
import type { Picture } from './picture.ts';
import type { Progress } from './scope.ts';
import { describeFailure, InputError } from './failure.ts';
import { drawExample } from './examples.ts';
import { Explainer } from './explainer.ts';
import { imageData, openPicture } from './picture.ts';
import { openEngine, withEngine } from './gpu.ts';
import { scope, tell } from './scope.ts';
import { TrainingControl } from './training_control.ts';

type Handlers = {
  [Name in CallName]: (
    request: Calls[Name]['request'],
    progress: Progress,
  ) => Promise<Calls[Name]['response']> | Calls[Name]['response'];
};

const explainer = new Explainer();
const training = new TrainingControl();

/** Pixels a side of an example to choose. */
const THUMBNAIL = 96;

/** Beside the worker's script; see the build. */
const OWN_MODEL = 'birdlets.safetensors';

async function ownModel(): Promise<Blob> {
  const response = await fetch(OWN_MODEL).catch(() => null);
  if (response?.ok !== true)
    throw new InputError(
      'The model that comes with the page cannot be loaded. Go online and reload the page.',
    );
  return response.blob();
}

async function timedPicture(open: () => Promise<Picture>): Promise<Calls['openPicture']['response']> {
  const begin = performance.now();
  const picture = await open();
  return explainer.setPicture(picture, performance.now() - begin);
}

/** Measuring and training at once would make both wrong. */
function checkIdle(): void {
  if (training.isRunning)
    throw new InputError('Training is running: pause it first, it would slow what is measured.');
}

const handlers: Handlers = {
  async openGpu() {
    const { adapter, device } = await openEngine();
    return { adapter, features: [...device.features].toSorted() };
  },
  async openModel({ file, name, head }, progress) {
    const checkpoint = { file: file ?? (await ownModel()), name, head };
    return withEngine((engine) => explainer.openModel(engine, checkpoint, progress));
  },
  openPicture: ({ file, name }, progress) => {
    progress(`Decoding ${name}`);
    return timedPicture(() => openPicture(file, name));
  },
  openExample: (number) => timedPicture(async () => drawExample(number)),
  drawExamples: (count) =>
    Promise.all(
      Array.from({ length: count }, (_, number) =>
        createImageBitmap(imageData(drawExample(number, THUMBNAIL).image)),
      ),
    ),
  explain: (request, progress) => withEngine((engine) => explainer.explain(engine, request, progress)),
  layer: (request) => explainer.layer(request),
  savePicture: ({ name, threshold, opacity }) => explainer.savePicture(name, threshold, opacity),
  saveMaps: () => explainer.saveMaps(),
  trainingStatus: () => training.status,
  snapshot: () => training.snapshot(),
  startTraining: async (settings, progress) => {
    await training.start(settings, progress);
    return null;
  },
  continueTraining: async (file, progress) => {
    await training.continue(file, progress);
    return null;
  },
  pauseTraining: async () => {
    await training.pause();
    return null;
  },
  resumeTraining: (steps) => {
    training.resume(steps);
    return null;
  },
  discardTraining: async () => {
    await training.discard();
    return null;
  },
  saveTraining: () => training.save(),
  async bench(which, progress) {
    checkIdle();
    const { runBench } = await import('./bench.ts');
    return runBench(await openEngine(), which, progress);
  },
  async kernelTimes(folders, progress) {
    checkIdle();
    const { measureKernels } = await import('./kernel_times.ts');
    return measureKernels(await openEngine(), folders, progress);
  },
  async memory() {
    const engine = await openEngine();
    const { usedBytes, freeBytes } = engine.memory();
    return { usedBytes, freeBytes, bindGroups: engine.bindGroups };
  },
};

/** What of a response changes hands rather than being copied. */
function transfers(response: unknown): Transferable[] {
  if (response instanceof ImageBitmap) return [response];
  if (Array.isArray(response)) return response.flatMap(transfers);
  if (typeof response === 'object' && response !== null && 'shown' in response)
    return transfers(response.shown);
  return [];
}

/** Calls that change or read the open picture and model, in their order. */
const ORDERED = new Set<CallName>([
  'openModel',
  'openPicture',
  'openExample',
  'explain',
  'layer',
  'savePicture',
  'saveMaps',
]);
let last: Promise<unknown> = Promise.resolve();

async function answer({ id, name, request }: CallMessage): Promise<void> {
  const progress: Progress = (text, share = null) => tell({ event: 'progress', id, text, share });
  try {
    // The page's Calls type vouches for the request.
    const handler = handlers[name] as (request: unknown, progress: Progress) => unknown;
    const response = await handler(request, progress);
    tell({ event: 'response', id, response }, transfers(response));
  } catch (error) {
    tell({ event: 'failure', id, failure: describeFailure(error) });
  }
}

scope.addEventListener('message', ({ data }) => {
  const call = data as CallMessage;
  if (!ORDERED.has(call.name)) {
    void answer(call);
    return;
  }
  last = last.then(() => answer(call));
});
