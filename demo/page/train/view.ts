/** The Train page: a network that learns before one's eyes. */
import type { Client } from '../client.ts';
import type {
  CurvePoint,
  GalleryPicture,
  TrainingSettings,
  TrainingStatus,
  ValidationPoint,
} from '../../protocol.ts';
import { byId, download, make, percent, showBitmap } from '../dom.ts';
import { CallError } from '../client.ts';
import { clearNotice, notify, notifyFailure } from '../notices.ts';
import { curveTable } from './curve_table.ts';
import { drawChart, smoothed } from './chart.ts';

/** Share of the mean that a step keeps in the strong curve; the faint one is not smoothed. */
const SMOOTHING = 0.9;
const FIELDS = ['seed', 'epochs', 'pictures', 'batch'] as const;

/** `onExplain` takes a trained model to the Explain page. */
export function startTrain(client: Client, onExplain: (file: Blob, name: string) => Promise<void>): void {
  const points: CurvePoint[] = [];
  let validation: readonly ValidationPoint[] = [];
  let status: TrainingStatus | null = null;
  let isDrawing = false;
  /** What `fillIn` has written; the user may have changed it since. */
  let shownSettings: TrainingSettings | null = null;

  const button = (id: string): HTMLButtonElement => byId(`training-${id}`, HTMLButtonElement);
  const [pause, step, save, csv, explain] = ['pause', 'step', 'save', 'csv', 'explain'].map(button);
  const line = byId('training-line', HTMLParagraphElement);
  const bar = byId('training-progress', HTMLProgressElement);
  const snapshotBox = byId('snapshot', HTMLDivElement);
  const input = (name: (typeof FIELDS)[number]): HTMLInputElement =>
    byId(`training-${name}`, HTMLInputElement);

  function report(error: unknown): void {
    if (!(error instanceof CallError)) throw error;
    notifyFailure('training', error.failure);
  }

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    try {
      clearNotice('training');
      await work();
    } catch (error) {
      report(error);
    }
  }

  /** At most once a frame, and not at all in a hidden tab: what was missed is drawn when it is seen again. */
  function scheduleDrawing(): void {
    if (isDrawing) return;
    isDrawing = true;
    requestAnimationFrame(() => {
      isDrawing = false;
      draw();
    });
  }

  function draw(): void {
    const maxX = Math.max(status?.steps ?? 0, points.length);
    const losses = points.map(({ step, loss }) => [step, loss] as const);
    const accuracies = points.map(({ step, accuracy }) => [step, 100 * accuracy] as const);
    const charts = [
      { id: 'loss', values: losses, dots: [], format: (y: number) => y.toFixed(1) },
      {
        id: 'accuracy',
        values: accuracies,
        dots: validation.map(({ step, accuracy }) => [step, 100 * accuracy] as const),
        maxY: 100,
        format: (y: number) => `${y.toFixed(0)} %`,
      },
    ] as const;
    for (const { id, values, dots, format, ...rest } of charts) {
      const canvas = byId(`${id}-chart`, HTMLCanvasElement);
      const strong = smoothed(values, SMOOTHING);
      const series = [
        { points: values, style: 'faint' },
        { points: strong, style: 'strong' },
        { points: dots, style: 'dots' },
      ] as const;
      drawChart(canvas, series, { maxX, format, ...rest });
      const now = strong.at(-1)?.[1];
      if (now === undefined) continue;
      const text = id === 'loss' ? now.toFixed(3) : `${now.toFixed(1)} %`;
      const first = values[0]?.[1] ?? 0;
      canvas.setAttribute(
        'aria-label',
        `${id} by step: ${first.toFixed(2)} at step 1, ${now.toFixed(2)} (running mean) at step ${values.length}`,
      );
      const last = validation.at(-1);
      const kept = id === 'accuracy' && last !== undefined ? `, validation ${percent(last.accuracy)}` : '';
      byId(`${id}-now`, HTMLOutputElement).textContent = text + kept;
    }
  }

  function showStatus(now: TrainingStatus): void {
    status = now;
    const { state, settings, step: done, steps, stepsPerEpoch, imagesPerSecond } = now;
    const isRunning = state === 'running';
    const exists = settings !== null;
    if (pause !== undefined) {
      pause.disabled = !exists || state === 'done';
      pause.textContent = state === 'paused' ? 'Resume' : 'Pause';
    }
    if (step !== undefined) step.disabled = !exists || isRunning || state === 'done';
    for (const other of [save, csv, explain]) if (other !== undefined) other.disabled = !exists;
    byId('training-start', HTMLButtonElement).textContent = exists ? 'Start anew' : 'Start';
    bar.value = steps === 0 ? 0 : done / steps;
    if (settings === null) {
      line.textContent = 'Not started.';
      return;
    }
    snapshotBox.hidden = true;
    fillIn(settings);
    const epoch = Math.min(settings.epochs, Math.floor(done / stepsPerEpoch) + 1);
    const speed = imagesPerSecond === null ? '' : ` ${imagesPerSecond.toFixed(0)} images per second.`;
    const left =
      imagesPerSecond === null || !isRunning
        ? ''
        : ` ${duration(((steps - done) * settings.batch) / imagesPerSecond)} left.`;
    const word = { none: '', preparing: 'Preparing', running: 'Training', paused: 'Paused', done: 'Done' }[
      state
    ];
    line.textContent = `${word}: step ${done} of ${steps}, epoch ${epoch} of ${settings.epochs}.${speed}${left}`;
  }

  /** The form shows the settings of a run that comes from elsewhere: a file, or the kept one. */
  function fillIn(settings: TrainingSettings): void {
    if (FIELDS.every((name) => shownSettings?.[name] === settings[name])) return;
    shownSettings = settings;
    for (const name of FIELDS) input(name).value = String(settings[name]);
  }

  function readSettings(): TrainingSettings {
    const [seed, epochs, pictures, batch] = FIELDS.map((name) => input(name).valueAsNumber);
    return { seed: seed ?? NaN, epochs: epochs ?? NaN, pictures: pictures ?? NaN, batch: batch ?? NaN };
  }

  client.on('training', (event) => {
    // On a new device, where one was lost.
    if (event.status.state === 'running') clearNotice('device');
    showStatus(event.status);
    scheduleDrawing();
  });
  client.on('curve', ({ from, points: added, validation: all }) => {
    points.length = Math.min(points.length, from);
    points.push(...added);
    validation = all;
    scheduleDrawing();
  });
  client.on('gallery', ({ step: at, pictures }) => showGallery(at, pictures));
  client.on('training-failed', ({ failure }) => notifyFailure('training', failure));
  client.on('training-recovered', ({ step: at }) => {
    clearNotice('device');
    notify(
      'training',
      `The graphics device was lost. A new one was opened, and training goes on from step ${at}, its last snapshot.`,
      'information',
    );
  });
  // A computing part that has ended took the run with it; what was kept of it can be continued.
  client.on('worker-ended', () => void attempt(offerSnapshot));

  byId('training-form', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    void attempt(() => client.call('startTraining', readSettings()));
  });
  pause?.addEventListener('click', () => {
    void attempt(() =>
      status?.state === 'running' ? client.call('pauseTraining', null) : client.call('resumeTraining', null),
    );
  });
  step?.addEventListener('click', () => void attempt(() => client.call('resumeTraining', 1)));
  save?.addEventListener('click', () => {
    void attempt(async () => download(await client.call('saveTraining', null), fileName('safetensors')));
  });
  csv?.addEventListener('click', () => {
    download(new Blob([curveTable(points)], { type: 'text/csv' }), fileName('csv'));
  });
  explain?.addEventListener('click', () => {
    void attempt(async () => onExplain(await client.call('saveTraining', null), fileName('safetensors')));
  });
  const file = byId('training-file', HTMLInputElement);
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    file.value = '';
    if (chosen !== undefined) void attempt(() => client.call('continueTraining', chosen));
  });
  byId('snapshot-continue', HTMLButtonElement).addEventListener('click', () => {
    void attempt(() => client.call('continueTraining', null));
  });
  byId('snapshot-discard', HTMLButtonElement).addEventListener('click', () => {
    snapshotBox.hidden = true;
    void attempt(() => client.call('discardTraining', null));
  });
  addEventListener('resize', scheduleDrawing);
  addEventListener('hashchange', scheduleDrawing);
  document.addEventListener('visibilitychange', scheduleDrawing);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', scheduleDrawing);

  const fileName = (extension: string): string =>
    `birdlets-seed-${status?.settings?.seed ?? 0}-step-${points.length}.${extension}`;

  async function offerSnapshot(): Promise<void> {
    const now = await client.call('trainingStatus', null);
    const kept = now.settings === null ? await client.call('snapshot', null) : null;
    if (now.settings === null) showStatus(now);
    if (kept === null) return;
    const { settings, step: at, steps, saved } = kept;
    byId('snapshot-line', HTMLParagraphElement).textContent =
      `A run with seed ${settings.seed} was kept at step ${at} of ${steps} (${new Date(saved).toLocaleString()}).`;
    snapshotBox.hidden = false;
  }

  offerSnapshot().catch(report);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return `${Math.ceil(seconds / 60)} min`;
}

function showGallery(step: number, pictures: readonly GalleryPicture[]): void {
  const list = byId('gallery', HTMLUListElement);
  byId('gallery-step', HTMLSpanElement).textContent = `Step ${step}.`;
  if (list.children.length !== pictures.length)
    list.replaceChildren(...pictures.map(() => make('li', {}, make('canvas', { role: 'img' }), make('p'))));
  for (const [index, { species, probability, overlay }] of pictures.entries()) {
    const item = list.children[index];
    const canvas = item?.querySelector('canvas');
    const caption = item?.querySelector('p');
    if (canvas === null || canvas === undefined || caption === null || caption === undefined) continue;
    showBitmap(canvas, overlay);
    canvas.setAttribute('aria-label', `Joint map of ${species}`);
    caption.replaceChildren(species, make('span', { class: 'quiet' }, percent(probability)));
  }
}
