/** The Bench page. */
import type { BenchGroup, BenchLine } from '../protocol.ts';
import type { Client } from './client.ts';
import { byId, make } from './dom.ts';
import { CallError } from './client.ts';
import { clearNotice, notify, notifyFailure } from './notices.ts';

const HEADER = ['', 'ms', '± %', 'GB/s', 'GFLOP/s'] as const;

function cells({ name, milliseconds, spread, gigabytesPerSecond, gigaflopsPerSecond }: BenchLine): string[] {
  return [
    name,
    milliseconds.toFixed(3),
    (100 * spread).toFixed(0),
    gigabytesPerSecond.toFixed(2),
    gigaflopsPerSecond === 0 ? '–' : gigaflopsPerSecond.toFixed(2),
  ];
}

/** Markdown, for an issue or a chat. */
export function benchText(adapter: string, groups: readonly BenchGroup[]): string {
  const row = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
  const tables = groups.map(({ title, lines }) =>
    [
      `**${title}**`,
      '',
      row(HEADER),
      row(HEADER.map((_, column) => (column === 0 ? '---' : '---:'))),
      ...lines.map((line) => row(cells(line))),
    ].join('\n'),
  );
  return [`${adapter}; ${navigator.userAgent}; ${new Date().toISOString()}`, ...tables].join('\n\n');
}

function table({ title, lines }: BenchGroup): HTMLElement {
  return make(
    'div',
    { class: 'scrolling', tabindex: '0', role: 'region', 'aria-label': title },
    make(
      'table',
      { class: 'bench' },
      make('caption', { class: 'visually-hidden' }, title),
      make(
        'thead',
        {},
        make('tr', {}, ...HEADER.map((text) => make('th', { scope: 'col' }, text || 'Work'))),
      ),
      make(
        'tbody',
        {},
        ...lines.map((line) => make('tr', {}, ...cells(line).map((text) => make('td', {}, text)))),
      ),
    ),
  );
}

export function startBench(client: Client): void {
  const done = new Map<string, readonly BenchGroup[]>();
  const line = byId('bench-line', HTMLParagraphElement);
  const copy = byId('bench-copy', HTMLButtonElement);
  const buttons = {
    head: byId('bench-head', HTMLButtonElement),
    conv2d: byId('bench-conv2d', HTMLButtonElement),
  };
  const all = (): readonly BenchGroup[] => [...done.values()].flat();
  let adapterText = '';

  async function run(which: 'head' | 'conv2d'): Promise<void> {
    clearNotice('bench');
    for (const button of Object.values(buttons)) button.disabled = true;
    line.textContent = 'Measuring…';
    try {
      const { adapter } = await client.call('openGpu', null);
      adapterText = `${adapter.name}${adapter.software ? ', SOFTWARE: computed on the CPU' : ''}`;
      byId('bench-adapter', HTMLParagraphElement).textContent = `On ${adapterText}.`;
      const begin = performance.now();
      done.set(which, await client.call('bench', which));
      byId('bench-tables', HTMLDivElement).replaceChildren(
        ...all().flatMap((group) => [make('h2', {}, group.title), table(group)]),
      );
      line.textContent = `Measured in ${((performance.now() - begin) / 1000).toFixed(1)} s.`;
      copy.disabled = false;
    } catch (error) {
      line.textContent = '';
      if (!(error instanceof CallError)) throw error;
      notifyFailure('bench', error.failure);
    } finally {
      for (const button of Object.values(buttons)) button.disabled = false;
    }
  }

  buttons.head.addEventListener('click', () => void run('head'));
  buttons.conv2d.addEventListener('click', () => void run('conv2d'));
  async function copyTable(): Promise<void> {
    try {
      await navigator.clipboard.writeText(benchText(adapterText, all()));
      line.textContent = 'Copied.';
    } catch {
      notify('bench', 'The browser does not let the page write to the clipboard: select the table instead.');
    }
  }
  copy.addEventListener('click', () => void copyTable());
}
