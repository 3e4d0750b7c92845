/** A box on the picture, by mouse, finger or numbers, and the probability that the cue lies in it; of a CALM head only, for CAM's maps are none. */
import type { Explanation, ModelDescription } from '../../protocol.ts';
import type { ScoreMap } from '../../../src/eval/score_map.ts';
import { byId, make, percent } from '../dom.ts';
import { className } from './names.ts';
import { shareInBox } from './share_in_box.ts';
import type { Box } from './share_in_box.ts';

const EDGES = ['left', 'top', 'right', 'bottom'] as const;

export class CueBox {
  readonly #stage = byId('stage', HTMLDivElement);
  readonly #outline = byId('box', HTMLDivElement);
  readonly #answer = byId('box-answer', HTMLParagraphElement);
  readonly #inputs = EDGES.map((edge) => byId(`box-${edge}`, HTMLInputElement));
  readonly #touch = byId('box-touch', HTMLButtonElement);
  readonly #model: () => ModelDescription | null;
  #box: Box | null = null;
  #explanation: Explanation | null = null;

  constructor(model: () => ModelDescription | null) {
    this.#model = model;
    for (const input of this.#inputs) input.addEventListener('input', () => this.#readInputs());
    byId('box-clear', HTMLButtonElement).addEventListener('click', () => this.#set(null));
    // A finger that drags scrolls the page, unless it has been told to draw.
    this.#touch.addEventListener('click', () => {
      const on = this.#touch.getAttribute('aria-pressed') !== 'true';
      this.#touch.setAttribute('aria-pressed', String(on));
      this.#stage.classList.toggle('drawing', on);
    });
    this.#stage.addEventListener('pointerdown', (event) => this.#drag(event));
    addEventListener('resize', () => this.#place());
  }

  show(explanation: Explanation): void {
    this.#explanation = explanation;
    byId('cue-box', HTMLElement).hidden = this.#posterior === null;
    this.#stage.classList.toggle('boxed', this.#posterior !== null);
    this.#tell();
    this.#place();
  }

  /** Null where nothing has been explained yet, and of a CAM head. */
  get #posterior(): ScoreMap | null {
    return this.#explanation?.maps.find(({ name }) => name === 'posterior')?.map ?? null;
  }

  #drag(event: PointerEvent): void {
    const isMouse = event.pointerType !== 'touch';
    if (this.#posterior === null || event.button !== 0) return;
    if (!isMouse && this.#touch.getAttribute('aria-pressed') !== 'true') return;
    event.preventDefault();
    this.#stage.setPointerCapture(event.pointerId);
    const start = this.#position(event);
    const move = (moved: PointerEvent): void => {
      const end = this.#position(moved);
      this.#set({
        left: Math.min(start.x, end.x),
        top: Math.min(start.y, end.y),
        right: Math.max(start.x, end.x),
        bottom: Math.max(start.y, end.y),
      });
    };
    const stop = (): void => {
      this.#stage.removeEventListener('pointermove', move);
      // A click is no box.
      if (
        this.#box !== null &&
        (this.#box.right - this.#box.left < 0.01 || this.#box.bottom - this.#box.top < 0.01)
      )
        this.#set(null);
    };
    this.#stage.addEventListener('pointermove', move);
    this.#stage.addEventListener('pointerup', stop, { once: true });
    this.#stage.addEventListener('pointercancel', stop, { once: true });
  }

  /** Where the picture lies within the stage, in CSS pixels. */
  #pictureArea(): DOMRect {
    const canvas = byId('picture-canvas', HTMLCanvasElement);
    const area = canvas.getBoundingClientRect();
    // object-fit: contain.
    const scale = Math.min(area.width / canvas.width, area.height / canvas.height);
    const [width, height] = [canvas.width * scale, canvas.height * scale];
    return new DOMRect(area.x + (area.width - width) / 2, area.y + (area.height - height) / 2, width, height);
  }

  /** Of the pointer, in shares of the picture. */
  #position({ clientX, clientY }: PointerEvent): { readonly x: number; readonly y: number } {
    const area = this.#pictureArea();
    const share = (value: number): number => Math.min(Math.max(value, 0), 1);
    return { x: share((clientX - area.x) / area.width), y: share((clientY - area.y) / area.height) };
  }

  #set(box: Box | null): void {
    this.#box = box;
    for (const [place, edge] of EDGES.entries()) {
      const input = this.#inputs[place];
      if (input !== undefined) input.value = box === null ? '' : String(Math.round(100 * box[edge]));
    }
    this.#tell();
    this.#place();
  }

  #readInputs(): void {
    const [left, top, right, bottom] = this.#inputs.map(({ value }) =>
      value === '' ? Number.NaN : Math.min(Math.max(Number(value) / 100, 0), 1),
    );
    const box = { left: left ?? NaN, top: top ?? NaN, right: right ?? NaN, bottom: bottom ?? NaN };
    this.#box = box.right > box.left && box.bottom > box.top ? box : null;
    this.#tell();
    this.#place();
  }

  #place(): void {
    const isShown = this.#box !== null && this.#posterior !== null;
    this.#outline.hidden = !isShown;
    if (this.#box === null || !isShown) return;
    const { left, top, right, bottom } = this.#box;
    const area = this.#pictureArea();
    const stage = this.#stage.getBoundingClientRect();
    const { style } = this.#outline;
    style.left = `${area.x - stage.x - this.#stage.clientLeft + left * area.width}px`;
    style.top = `${area.y - stage.y - this.#stage.clientTop + top * area.height}px`;
    style.width = `${(right - left) * area.width}px`;
    style.height = `${(bottom - top) * area.height}px`;
  }

  #tell(): void {
    const model = this.#model();
    const posterior = this.#posterior;
    if (this.#box === null || this.#explanation === null || model === null || posterior === null) {
      this.#answer.className = 'quiet';
      this.#answer.textContent = 'Drag a box on the picture, or set its edges here.';
      return;
    }
    const { classIndex, probabilities } = this.#explanation;
    const share = shareInBox(posterior, this.#box);
    const name = className(model, classIndex);
    const joint = share * (probabilities[classIndex] ?? 0);
    this.#answer.className = 'box-answer';
    this.#answer.replaceChildren(
      `The cue for ${name} was inside this box with probability `,
      make('b', {}, percent(share)),
      '. ',
      make('span', { class: 'quiet' }, `That the picture shows one, too: ${percent(joint)}.`),
    );
  }
}
