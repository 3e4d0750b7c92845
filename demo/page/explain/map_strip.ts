/** The six maps: small ones to choose from, the chosen one over the picture, with its scale and its sum. */
import type { Client } from '../client.ts';
import type { Explanation, MapName, ModelDescription } from '../../protocol.ts';
import type { Matter } from '../notices.ts';
import type { ScoreMap } from '../../../src/eval/score_map.ts';
import { byId, make, percent, showBitmap } from '../dom.ts';
import { className, MAP_TITLES } from './names.ts';
import { colourTable } from '../../../src/report/colour_map.ts';
import { mapSum } from '../../../src/attribution/maps.ts';
import { scoreRange } from '../../../src/report/overlay.ts';

const THUMBNAIL = 144;

interface Shown {
  readonly explanation: Explanation;
  readonly model: ModelDescription;
}

export class MapStrip {
  readonly #client: Client;
  readonly #report: (matter: Matter, error: unknown) => void;
  readonly #strip = byId('maps', HTMLDivElement);
  readonly #layer = byId('layer-canvas', HTMLCanvasElement);
  readonly #opacity = byId('opacity', HTMLInputElement);
  readonly #threshold = byId('threshold', HTMLInputElement);
  readonly #summary = byId('map-summary', HTMLParagraphElement);
  readonly #thumbnails = new Map<MapName, HTMLCanvasElement>();
  #size = { width: 1, height: 1 };
  #backdrop: HTMLCanvasElement | null = null;
  #chosen: MapName = 'joint';
  #shown: Shown | null = null;
  /** Drawings of the layer, and rounds of all thumbnails, asked for: an answer or error that has been overtaken is dropped. */
  #drawing = 0;
  #round = 0;

  constructor(client: Client, report: (matter: Matter, error: unknown) => void) {
    this.#client = client;
    this.#report = report;
    this.#opacity.addEventListener('input', () => this.#applyOpacity());
    this.#threshold.addEventListener('input', () => {
      this.#tellThreshold();
      void this.#drawLayer();
    });
    this.#applyOpacity();
    this.#tellThreshold();
  }

  get settings(): { readonly name: MapName; readonly threshold: number; readonly opacity: number } {
    return {
      name: this.#chosen,
      threshold: Number(this.#threshold.value) / 100,
      opacity: Number(this.#opacity.value) / 100,
    };
  }

  /** The maps that drawings were asked of are no more. */
  overtake(): void {
    this.#drawing++;
    this.#round++;
  }

  /** The picture under the maps; it stays the caller's. */
  setPicture(picture: ImageBitmap): void {
    this.overtake();
    this.#size = { width: picture.width, height: picture.height };
    const small = make('canvas');
    const scale = THUMBNAIL / Math.max(picture.width, picture.height);
    small.width = Math.max(1, Math.round(picture.width * scale));
    small.height = Math.max(1, Math.round(picture.height * scale));
    small.getContext('2d')?.drawImage(picture, 0, 0, small.width, small.height);
    this.#backdrop = small;
    // Until the new picture's maps are there, none is shown over it.
    this.#layer.width = 1;
    this.#layer.height = 1;
    this.#layer.hidden = true;
  }

  show(explanation: Explanation, model: ModelDescription): void {
    this.#shown = { explanation, model };
    const names = explanation.maps.map(({ name }) => name);
    if (!names.includes(this.#chosen)) this.#chosen = names[0] ?? 'joint';
    if (names.join() !== [...this.#thumbnails.keys()].join()) this.#build(names);
    this.#showChosen();
    void this.#drawThumbnails(names);
  }

  #build(names: readonly MapName[]): void {
    this.#thumbnails.clear();
    this.#strip.replaceChildren(
      ...names.map((name) => {
        const [title, formula] = MAP_TITLES[name];
        const canvas = make('canvas', { 'aria-hidden': 'true' });
        this.#thumbnails.set(name, canvas);
        const input = make('input', { type: 'radio', name: 'map', value: name });
        input.checked = name === this.#chosen;
        input.addEventListener('change', () => {
          this.#chosen = name;
          this.#showChosen();
        });
        const thumbnail = make('span', { class: 'thumbnail' }, canvas);
        return make('label', {}, input, thumbnail, make('b', {}, title), make('span', {}, formula));
      }),
    );
  }

  async #drawThumbnails(names: readonly MapName[]): Promise<void> {
    const backdrop = this.#backdrop;
    if (backdrop === null) return;
    const round = ++this.#round;
    const { width, height } = backdrop;
    try {
      for (const name of names) {
        const layer = await this.#client.call('layer', { name, width, height, threshold: 0 });
        const canvas = this.#thumbnails.get(name);
        if (canvas !== undefined && round === this.#round) {
          canvas.width = width;
          canvas.height = height;
          const context = canvas.getContext('2d');
          context?.drawImage(backdrop, 0, 0);
          context?.drawImage(layer, 0, 0);
        }
        layer.close();
        if (round !== this.#round) return;
      }
    } catch (error) {
      if (round === this.#round) this.#report('picture', error);
    }
  }

  #showChosen(): void {
    this.#describe();
    void this.#drawLayer();
  }

  async #drawLayer(): Promise<void> {
    if (this.#shown === null) return;
    const drawing = ++this.#drawing;
    const { name, threshold } = this.settings;
    try {
      const layer = await this.#client.call('layer', { name, ...this.#size, threshold });
      if (drawing !== this.#drawing) {
        layer.close();
        return;
      }
      this.#layer.hidden = false;
      showBitmap(this.#layer, layer);
    } catch (error) {
      if (drawing === this.#drawing) this.#report('picture', error);
    }
  }

  #applyOpacity(): void {
    this.#layer.style.opacity = String(Number(this.#opacity.value) / 100);
    byId('opacity-value', HTMLOutputElement).textContent = `${this.#opacity.value} %`;
  }

  #tellThreshold(): void {
    const { value } = this.#threshold;
    byId('threshold-value', HTMLOutputElement).textContent =
      value === '0' ? 'off' : `${value} % of the strongest`;
  }

  #describe(): void {
    if (this.#shown === null) return;
    const { explanation, model } = this.#shown;
    const map = explanation.maps.find(({ name }) => name === this.#chosen)?.map;
    if (map === undefined) return;
    this.#summary.textContent = describeMap(this.#chosen, map, explanation, model);
    this.#drawScale(map);
  }

  #drawScale(map: ScoreMap): void {
    const colours = this.#chosen === 'counterfactual' ? 'diverging' : 'sequential';
    const [low, high] = scoreRange(map, colours);
    const number = (value: number): string =>
      value === 0 ? '0' : Math.abs(value) < 0.001 ? value.toExponential(1) : value.toPrecision(2);
    byId('scale-low', HTMLSpanElement).textContent = number(low).replace('-', '−');
    byId('scale-high', HTMLSpanElement).textContent = number(high);
    const table = colourTable(colours);
    const line = new ImageData(256, 1);
    for (let entry = 0; entry < 256; entry++) {
      line.data.set(table.subarray(3 * entry, 3 * entry + 3), 4 * entry);
      line.data[4 * entry + 3] = 255;
    }
    byId('scale-canvas', HTMLCanvasElement).getContext('2d')?.putImageData(line, 0, 0);
  }
}

/** A map in words: what it is of, and what it sums to. */
function describeMap(
  name: MapName,
  map: ScoreMap,
  { classIndex, versus, subset, probabilities }: Explanation,
  model: ModelDescription,
): string {
  const own = className(model, classIndex);
  const other = versus === null ? '' : className(model, versus);
  const sum = percent(mapSum(map));
  const probability = percent(probabilities[classIndex] ?? 0);
  switch (name) {
    case 'joint':
      return `Where the cue for ${own} is, and how much it weighs. Sums to ${sum}; p(y|x) is ${probability}.`;
    case 'conditional':
      return `What the model would say of ${own} had it seen that place alone, from 0 to 1.`;
    case 'posterior':
      return `Where the cue is, given that this is ${own}. Sums to ${sum}.`;
    case 'saliency':
      return `Where the model looks, whatever the class. Sums to ${sum}.`;
    case 'subset': {
      const names = subset.map((index) => className(model, index));
      const list = names.length > 4 ? `${names.length} classes` : names.join(', ');
      return `The joint maps of ${list} together. Sums to ${sum}.`;
    }
    case 'counterfactual':
      return `Why ${own} (orange) rather than ${other} (blue).`;
    case 'cam':
      return `Class logits of ${own}: no probabilities, and without a scale that two pictures share.`;
  }
}
