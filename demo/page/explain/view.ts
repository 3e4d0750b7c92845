/** The Explain page: a picture, a model, and where the model saw its cue. */
import type { Client } from '../client.ts';
import type { Explanation, ModelDescription, PictureDescription } from '../../protocol.ts';
import type { HeadKind } from '../../../src/model/head.ts';
import { byId, download, make, showBitmap } from '../dom.ts';
import { CallError } from '../client.ts';
import { ClassTable } from './class_table.ts';
import { clearNotice, notifyFailure } from '../notices.ts';
import type { Matter } from '../notices.ts';
import { className } from './names.ts';
import { CueBox } from './cue_box.ts';
import { MapStrip } from './map_strip.ts';
import { startCamera } from './camera.ts';
import { takeFiles } from './files.ts';

const EXAMPLES = 12;
const OWN_NAME = 'birdlets.safetensors';

/** What other parts of the page may ask of this one. */
export interface ExplainView {
  /** Shows the shipped model on the first example. */
  start(): Promise<void>;
  openModel(file: Blob, name: string): Promise<void>;
}

interface ModelSource {
  readonly file: Blob | null;
  readonly name: string;
  readonly head: HeadKind | null;
}

interface OpenModelOptions {
  readonly head?: HeadKind | null;
  readonly isBirdlets?: boolean;
}

/** What is asked of the worker next; null: its choice. */
interface Chosen {
  classIndex: number | null;
  versus: number | null;
  subset: readonly number[] | null;
}

export function startExplain(client: Client): ExplainView {
  const chosen: Chosen = { classIndex: null, versus: null, subset: null };
  let model: ModelDescription | null = null;
  let picture: PictureDescription | null = null;
  /** Number of the drawn example that the picture is; null for the user's own. */
  let example: number | null = null;
  /** What the model was opened from. */
  let source: ModelSource = { file: null, name: OWN_NAME, head: null };
  /** Whether it was trained on birdlets, by this page or whoever made it. */
  let knowsBirdlets = true;
  /** A new worker knows no model. It gets one when a picture comes: were it the model that ended the last one, it would end it over and over. */
  let isForgotten = false;
  let waitingFile: { readonly file: Blob; readonly name: string } | null = null;

  const pictureCanvas = byId('picture-canvas', HTMLCanvasElement);
  const caption = byId('picture-caption', HTMLElement);
  const modelLine = byId('model-line', HTMLParagraphElement);
  const headChoice = byId('head-choice', HTMLFormElement);
  const savePng = byId('save-png', HTMLButtonElement);
  const saveMaps = byId('save-maps', HTMLButtonElement);
  const ownModel = byId('own-model', HTMLButtonElement);
  const caveat = byId('caveat', HTMLParagraphElement);

  const strip = new MapStrip(client, (matter, error) => report(matter, error));
  const box = new CueBox(() => model);
  const table = new ClassTable({
    onClass: (classIndex) => void explain({ classIndex, subset: null }),
    onVersus: (versus) => void explain({ versus }),
    onSubset: (subset) => void explain({ subset }),
  });

  function report(matter: Matter, error: unknown): void {
    if (!(error instanceof CallError)) throw error;
    notifyFailure(matter, error.failure);
  }

  let requests = 0;

  async function explain(change: Partial<Chosen> = {}): Promise<void> {
    Object.assign(chosen, change);
    if (model === null || picture === null) return;
    const request = ++requests;
    try {
      const explanation = await client.call('explain', { ...chosen });
      clearNotice('device');
      show(explanation, model);
    } catch (error) {
      // What became of an earlier request is no longer of interest.
      if (request === requests) report('device', error);
    }
  }

  function show(explanation: Explanation, shownModel: ModelDescription): void {
    chosen.classIndex = explanation.classIndex;
    chosen.versus = explanation.versus;
    table.show(explanation, shownModel);
    strip.show(explanation, shownModel);
    box.show(explanation);
    showStages(explanation);
    savePng.disabled = false;
    saveMaps.disabled = false;
    const name = className(shownModel, explanation.classIndex);
    pictureCanvas.setAttribute('aria-label', `${picture?.name ?? 'Picture'}, explained as ${name}`);
  }

  /** What is about an earlier picture or model is out of date once another has been opened. */
  function clearNotices(): void {
    clearNotice('picture');
    clearNotice('model');
  }

  function showCaveat(): void {
    caveat.hidden = !knowsBirdlets || picture === null || example !== null;
  }

  async function openPicture(
    open: () => Promise<PictureDescription>,
    number: number | null = null,
  ): Promise<void> {
    try {
      if (isForgotten) await client.call('openModel', source);
      isForgotten = false;
      const opened = await open();
      clearNotices();
      picture = opened;
      example = number;
      const { width, height, note, shown } = opened;
      byId('drop-hint', HTMLParagraphElement).hidden = true;
      strip.setPicture(shown);
      showBitmap(pictureCanvas, shown);
      showCaveat();
      caption.textContent = [`${opened.name}, ${width} × ${height}.`, note].filter(Boolean).join(' ');
      await explain({ classIndex: null, versus: null, subset: null });
    } catch (error) {
      report('picture', error);
    }
    for (const button of document.querySelectorAll<HTMLButtonElement>('#examples button'))
      button.setAttribute('aria-pressed', String(button.dataset['number'] === String(example)));
  }

  async function openModel(
    file: Blob | null,
    name: string,
    { head = null, isBirdlets = file === null }: OpenModelOptions = {},
  ): Promise<void> {
    try {
      model = await client.call('openModel', { file, name, head });
      strip.overtake();
      source = { file, name, head };
      knowsBirdlets = isBirdlets;
      isForgotten = false;
      clearNotices();
      showCaveat();
      headChoice.hidden = true;
      ownModel.hidden = file === null;
      const kind = model.head === 'cam' ? 'CAM' : model.head.toUpperCase();
      modelLine.textContent = `Model: ${model.name}, ${kind} on ${model.architecture}, ${model.classes} classes, ${model.side} × ${model.side} pixels.`;
      await explain({ classIndex: null, versus: null, subset: null });
    } catch (error) {
      if (error instanceof CallError && error.failure.kind === 'head-unknown' && file !== null) {
        waitingFile = { file, name };
        byId('head-file', HTMLElement).textContent = name;
        headChoice.hidden = false;
        byId('head-kind', HTMLSelectElement).focus();
        return;
      }
      report('model', error);
    }
  }

  const openPictureFile = (file: Blob, name: string): Promise<void> =>
    openPicture(() => client.call('openPicture', { file, name }));

  client.on('worker-ended', () => {
    isForgotten = true;
    picture = null;
  });
  headChoice.addEventListener('submit', (event) => {
    event.preventDefault();
    const head = byId('head-kind', HTMLSelectElement).value as HeadKind;
    if (waitingFile !== null) void openModel(waitingFile.file, waitingFile.name, { head });
  });
  ownModel.addEventListener('click', () => void openModel(null, OWN_NAME));
  takeFiles({
    onPicture: (file, name) => void openPictureFile(file, name),
    onModel: (file, name) => void openModel(file, name),
  });
  startCamera((photo) => void openPictureFile(photo, 'camera.png'));

  const stem = (): string => (picture?.name ?? 'picture').replace(/\.[^.]+$/, '').replaceAll(' ', '_');
  savePng.addEventListener('click', () => {
    const { name, threshold, opacity } = strip.settings;
    client.call('savePicture', { name, threshold, opacity }).then(
      (blob) => download(blob, `${stem()}.${name}.png`),
      (error: unknown) => report('picture', error),
    );
  });
  saveMaps.addEventListener('click', () => {
    client.call('saveMaps', null).then(
      (blob) => download(blob, `${stem()}.safetensors`),
      (error: unknown) => report('picture', error),
    );
  });

  async function showExamples(): Promise<void> {
    const place = byId('examples', HTMLDivElement);
    const drawn = await client.call('drawExamples', EXAMPLES);
    place.replaceChildren(
      ...drawn.map((bitmap, number) => {
        const canvas = make('canvas');
        showBitmap(canvas, bitmap);
        const button = make(
          'button',
          { type: 'button', 'aria-label': `Example ${number + 1}`, 'data-number': String(number) },
          canvas,
        );
        button.addEventListener(
          'click',
          () => void openPicture(() => client.call('openExample', number), number),
        );
        return button;
      }),
    );
  }

  return {
    async start() {
      await openModel(null, OWN_NAME);
      await Promise.all([
        showExamples().catch((error: unknown) => report('picture', error)),
        openPicture(() => client.call('openExample', 0), 0),
      ]);
      document.querySelector('#examples button')?.setAttribute('aria-pressed', 'true');
    },
    openModel: (file, name) => openModel(file, name, { isBirdlets: true }),
  };
}

function showStages({ stages }: Explanation): void {
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const row = (name: string, milliseconds: number): HTMLTableRowElement =>
    make('tr', {}, make('td', {}, name), make('td', {}, `${milliseconds.toFixed(1)} ms`));
  byId('stage-rows', HTMLTableSectionElement).replaceChildren(
    ...stages.map(({ name, milliseconds }) => row(name, milliseconds)),
    row('Together', total),
  );
}
