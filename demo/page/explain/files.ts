/** Files that come by button, drop or clipboard. */
import { byId } from '../dom.ts';
import { notify } from '../notices.ts';

interface Takers {
  readonly onPicture: (file: Blob, name: string) => void;
  readonly onModel: (file: Blob, name: string) => void;
}

const isPicture = (file: File): boolean =>
  file.type.startsWith('image/') || /\.(jpe?g|png|gif|webp|avif|bmp|svg)$/i.test(file.name);

/** Weights have no type of their own; a file that is neither is a picture by mistake or a damaged model. */
const isModel = (file: File): boolean => /\.(safetensors|pth|pt|tar|bin)$/i.test(file.name);

/** A dropped or chosen file by its kind. */
function take(file: File, { onPicture, onModel }: Takers): void {
  if (isModel(file)) onModel(file, file.name);
  else if (isPicture(file)) onPicture(file, file.name === '' ? 'pasted picture' : file.name);
  else notify('picture', `${file.name} is neither a picture nor a model (.safetensors, .pth).`);
}

export function takeFiles(takers: Takers): void {
  for (const [id, taker] of [
    ['picture-file', takers.onPicture],
    ['model-file', takers.onModel],
  ] as const) {
    const input = byId(id, HTMLInputElement);
    input.addEventListener('change', () => {
      const [file] = input.files ?? [];
      // The same file can be chosen again.
      if (file !== undefined) taker(file, file.name);
      input.value = '';
    });
  }

  const stage = byId('stage', HTMLDivElement);
  // Anywhere on the page: a file that misses its target would replace the page.
  addEventListener('dragover', (event) => {
    event.preventDefault();
    stage.classList.add('dropping');
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) stage.classList.remove('dropping');
  });
  addEventListener('drop', (event) => {
    event.preventDefault();
    stage.classList.remove('dropping');
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined || byId('explain', HTMLElement).hidden) return;
    take(file, takers);
  });

  document.addEventListener('paste', (event) => {
    const file = [...(event.clipboardData?.files ?? [])].find(isPicture);
    if (file === undefined) return;
    event.preventDefault();
    takers.onPicture(file, 'pasted picture');
  });
  const paste = byId('paste', HTMLButtonElement);
  paste.addEventListener('click', () => void pasteNow(takers));
}

async function pasteNow({ onPicture }: Takers): Promise<void> {
  try {
    for (const item of await navigator.clipboard.read()) {
      const type = item.types.find((name) => name.startsWith('image/'));
      if (type === undefined) continue;
      onPicture(await item.getType(type), 'pasted picture');
      return;
    }
    notify('picture', 'There is no picture on the clipboard: copy one first.');
  } catch {
    notify('picture', 'The browser keeps the clipboard to itself. Press Ctrl+V (⌘V) on the page instead.');
  }
}
