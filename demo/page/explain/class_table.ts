/** The classes with their probabilities: which one is explained, which one it is compared with, which are summed. */
import type { Explanation, ModelDescription } from '../../protocol.ts';
import { byId, make, percent } from '../dom.ts';
import { className } from './names.ts';
import { rankClasses } from '../../worker/class_choice.ts';

/** Rows at first, and how many more at a time. */
const SHOWN = 8;
const MORE = 24;
/** More would make a select of no use and a slow page; they can still be reached among the most probable. */
const MAX_LISTED = 1000;

interface Handlers {
  readonly onClass: (index: number) => void;
  readonly onVersus: (index: number) => void;
  readonly onSubset: (subset: readonly number[]) => void;
}

export class ClassTable {
  readonly #rows = byId('class-rows', HTMLTableSectionElement);
  readonly #classes = byId('class-select', HTMLSelectElement);
  readonly #versus = byId('versus-select', HTMLSelectElement);
  readonly #handlers: Handlers;
  #listed: ModelDescription | null = null;
  readonly #count = byId('class-count', HTMLParagraphElement);
  /** Most probable classes in the table. */
  #shown = SHOWN;
  #last: Explanation | null = null;

  constructor(handlers: Handlers) {
    this.#handlers = handlers;
    this.#classes.addEventListener('change', () => handlers.onClass(Number(this.#classes.value)));
    this.#versus.addEventListener('change', () => handlers.onVersus(Number(this.#versus.value)));
    byId('class-more', HTMLButtonElement).addEventListener('click', () => {
      this.#shown += MORE;
      if (this.#last !== null && this.#listed !== null) this.show(this.#last, this.#listed);
    });
  }

  show(explanation: Explanation, model: ModelDescription): void {
    const { probabilities, classIndex, versus, subset } = explanation;
    this.#list(model);
    this.#last = explanation;
    this.#classes.value = String(classIndex);
    this.#versus.value = String(versus ?? '');
    const ranked = rankClasses(probabilities);
    const top = ranked.slice(0, this.#shown);
    const wanted = [classIndex, ...(versus === null ? [] : [versus]), ...subset.slice(0, SHOWN)];
    const shown = [...new Set([...top, ...wanted])];
    const focused = document.activeElement?.getAttribute('data-control') ?? null;
    this.#rows.replaceChildren(...shown.map((index) => this.#row(index, explanation, model)));
    this.#count.hidden = shown.length === ranked.length;
    this.#count.querySelector('span')?.replaceChildren(`${shown.length} of ${ranked.length} classes.`);
    // The table is built anew; the keyboard stays where it was.
    if (focused !== null) this.#rows.querySelector<HTMLElement>(`[data-control="${focused}"]`)?.focus();
  }

  #row(
    index: number,
    { probabilities, classIndex, versus, subset }: Explanation,
    model: ModelDescription,
  ): HTMLTableRowElement {
    const name = className(model, index);
    const probability = probabilities[index] ?? 0;
    const choose = make('button', { type: 'button', class: 'name', 'data-control': `class-${index}` }, name);
    choose.setAttribute('aria-pressed', String(index === classIndex));
    choose.addEventListener('click', () => this.#handlers.onClass(index));
    const meter = make('meter', { min: '0', max: '1', 'aria-hidden': 'true' });
    meter.value = probability;
    const compare = make('input', {
      type: 'radio',
      name: 'versus',
      'aria-label': `Compare with ${name}`,
      'data-control': `versus-${index}`,
      disabled: index === classIndex,
    });
    compare.checked = index === versus;
    compare.addEventListener('change', () => this.#handlers.onVersus(index));
    const summed = make('input', {
      type: 'checkbox',
      'aria-label': `Sum over ${name}`,
      'data-control': `sum-${index}`,
      disabled: model.head === 'cam',
    });
    summed.checked = subset.includes(index);
    summed.addEventListener('change', () =>
      this.#handlers.onSubset(
        summed.checked ? [...subset, index] : subset.filter((member) => member !== index),
      ),
    );
    return make(
      'tr',
      { 'aria-current': String(index === classIndex) },
      make('td', {}, choose, meter),
      make('td', { class: 'number' }, percent(probability)),
      make('td', {}, compare),
      make('td', {}, summed),
    );
  }

  #list(model: ModelDescription): void {
    if (this.#listed === model) return;
    this.#listed = model;
    this.#shown = SHOWN;
    const count = Math.min(model.classes, MAX_LISTED);
    const indices = Array.from({ length: count }, (_, index) => index);
    for (const select of [this.#classes, this.#versus])
      select.replaceChildren(
        ...indices.map((index) => make('option', { value: String(index) }, className(model, index))),
      );
  }
}
