/** The little of a framework that this page needs. */

/** The element of index.html with an id; throws where it is missing or of another kind. */
export function byId<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new TypeError(`index.html has no ${kind.name} '${id}'`);
  return found;
}

/** A new element with attributes (`true` for those without a value, false for none) and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | boolean>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children);
  return element;
}

/** Shows a bitmap on a canvas, whose size becomes the bitmap's; the bitmap is used up. */
export function showBitmap(canvas: HTMLCanvasElement, bitmap: ImageBitmap): void {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext('bitmaprenderer')?.transferFromImageBitmap(bitmap);
}

/** Hands the user a file. */
export function download(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  make('a', { href: url, download: name }).click();
  // The browser has taken hold of it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A class's or species' name for people. */
export const readable = (name: string): string => name.replace(/^\d+\./, '').replaceAll('_', ' ');

/** 97.3 %, and 0.04 % where a digit more says something. */
export function percent(share: number): string {
  const value = 100 * share;
  return `${value.toFixed(value > 0 && value < 0.995 ? 2 : 1)} %`;
}
