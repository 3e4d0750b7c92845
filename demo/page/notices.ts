/** One clear message for whatever goes wrong; a new one about the same matter takes the old one's place. */
import type { Failure } from '../protocol.ts';
import { byId, make } from './dom.ts';

const place = byId('notices', HTMLDivElement);

/** What a message is about: of each there is at most one. */
export type Matter = 'picture' | 'model' | 'training' | 'device' | 'bench' | 'kernels' | 'page';

export function clearNotice(matter: Matter): void {
  place.querySelector(`[data-matter="${matter}"]`)?.remove();
}

/** The part of the page that a matter belongs to; what is about the whole page belongs to none. */
const PARTS: Partial<Record<Matter, string>> = {
  picture: 'explain',
  model: 'explain',
  training: 'train',
  bench: 'bench',
  kernels: 'kernels',
};

/** Clears what is about a part of the page that has been left. */
export function leavePart(part: string): void {
  for (const [matter, of] of Object.entries(PARTS)) if (of === part) clearNotice(matter as Matter);
}

export function notify(matter: Matter, text: string, kind: 'problem' | 'information' = 'problem'): void {
  clearNotice(matter);
  const close = make('button', { type: 'button', 'aria-label': 'Close message' }, 'Close');
  const notice = make('div', { class: `notice ${kind}`, 'data-matter': matter }, make('p', {}, text), close);
  close.addEventListener('click', () => notice.remove());
  place.append(notice);
}

/** What to do about a failure, where its own message does not say. */
const ADVICE: Partial<Record<Failure['kind'], string>> = {
  'device-lost': 'Trying the same again opens a new device.',
  bug: 'This should not happen. Reloading the page helps in most cases.',
};

export function notifyFailure(matter: Matter, { kind, message }: Failure): void {
  const advice = ADVICE[kind];
  const sentence = /[.!?]$/.test(message) ? message : `${message}.`;
  notify(matter, advice === undefined ? sentence : `${sentence} ${advice}`);
}
