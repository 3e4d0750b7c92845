/** The Kernels page: every WGSL source with its head comment and its time on this adapter. */
import type { Client } from './client.ts';
import type { KernelSource } from '../kernel_source.ts';
import type { KernelTime } from '../protocol.ts';
import { byId, make } from './dom.ts';
import { CallError } from './client.ts';
import { clearNotice, notify, notifyFailure } from './notices.ts';
import { highlighted } from './wgsl_highlight.ts';

export function startKernels(client: Client): void {
  const list = byId('kernel-list', HTMLElement);
  const article = byId('kernel', HTMLElement);
  const search = byId('kernel-search', HTMLInputElement);
  const measure = byId('kernel-measure', HTMLButtonElement);
  const line = byId('kernel-line', HTMLParagraphElement);
  const times = new Map<string, KernelTime>();
  let sources: readonly KernelSource[] | null = null;
  let loading = false;

  const wantedName = (): string => location.hash.slice(1).split('/').slice(1).join('/');

  /** The sources in which all words of the search are. */
  function matching(): readonly KernelSource[] {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    return (sources ?? []).filter(({ name, what }) => {
      const text = `${name} ${what}`.toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }

  async function load(): Promise<void> {
    if (loading) return;
    loading = true;
    try {
      const response = await fetch('kernels.json');
      if (!response.ok) throw new Error(response.statusText);
      sources = (await response.json()) as KernelSource[];
      clearNotice('page');
    } catch {
      notify('page', 'The sources of the kernels cannot be loaded. Go online and reload the page.');
    }
    loading = false;
    show();
  }

  function show(): void {
    if (byId('kernels', HTMLElement).hidden) return;
    if (sources === null) {
      void load();
      return;
    }
    const found = matching();
    const byOperation = Map.groupBy(found, ({ name }) => name.split('/')[0] ?? '');
    const current = sources.find(({ name }) => name === wantedName()) ?? found[0];
    list.replaceChildren(
      ...[...byOperation].flatMap(([operation, own]) => [
        make('h2', {}, operation.replaceAll('_', ' ')),
        ...own.map(({ name }) => link(name, name === current?.name)),
      ]),
    );
    if (found.length === 0) list.replaceChildren(make('p', { class: 'quiet' }, 'No kernel has these words.'));
    if (current !== undefined) article.replaceChildren(...description(current));
  }

  function link(name: string, isCurrent: boolean): HTMLElement {
    const time = times.get(name);
    return make(
      'a',
      { href: `#kernels/${name}`, 'aria-current': String(isCurrent) },
      name.split('/').slice(1).join('/'),
      make('span', { class: 'quiet' }, time === undefined ? '' : milliseconds(time.milliseconds)),
    );
  }

  function description({ name, what, source }: KernelSource): HTMLElement[] {
    const time = times.get(name);
    const measured =
      time !== undefined
        ? `${milliseconds(time.milliseconds)} on this adapter; buffers ${time.shape}.`
        : times.size > 0
          ? 'No time: what is measured does not launch it on this adapter.'
          : 'Not measured yet.';
    return [
      make('h2', {}, name),
      make('p', { class: 'quiet' }, measured),
      make('p', { class: 'what' }, what),
      make(
        'pre',
        { tabindex: '0', role: 'region', 'aria-label': `Source of ${name}` },
        make('code', {}, ...highlighted(source)),
      ),
    ];
  }

  async function measureAll(): Promise<void> {
    measure.disabled = true;
    line.textContent = 'Measuring…';
    clearNotice('kernels');
    try {
      const folders = [...new Set(matching().map(({ name }) => name.split('/')[0] ?? ''))];
      const measured = await client.call('kernelTimes', folders);
      for (const time of measured) times.set(time.kernel, time);
      const kernels = measured.length === 1 ? 'One kernel' : `${measured.length} kernels`;
      line.textContent = `${kernels} measured, at the largest test case of the operation.`;
      show();
    } catch (error) {
      line.textContent = '';
      if (!(error instanceof CallError)) throw error;
      notifyFailure('kernels', error.failure);
    } finally {
      measure.disabled = false;
    }
  }

  search.addEventListener('input', show);
  measure.addEventListener('click', () => void measureAll());
  addEventListener('hashchange', show);
  show();
}

const milliseconds = (value: number): string => `${value < 0.1 ? value.toFixed(3) : value.toPrecision(3)} ms`;
