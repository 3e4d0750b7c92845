/** The page: its parts, the adapter's line, and what is told of work under way. */
import type { Working } from './client.ts';
import { byId, make } from './dom.ts';
import { CallError, Client } from './client.ts';
import { explainNoWebGpu } from './no_webgpu.ts';
import { leavePart, notify, notifyFailure } from './notices.ts';
import { startBench } from './bench.ts';
import { startExplain } from './explain/view.ts';
import { startKernels } from './kernels.ts';
import { startTrain } from './train/view.ts';

const VIEWS = ['explain', 'train', 'bench', 'kernels'] as const;
type ViewName = (typeof VIEWS)[number];

const progressLine = byId('progress-line', HTMLParagraphElement);

function showWorking(working: Working | null): void {
  document.body.toggleAttribute('aria-busy', working !== null);
  if (working === null) {
    progressLine.replaceChildren();
    return;
  }
  const share = working.share === null ? '' : ` ${Math.round(100 * working.share)} %`;
  const bar = make('progress', { 'aria-label': working.text });
  if (working.share !== null) bar.value = working.share;
  progressLine.replaceChildren(`${working.text}…${share} `, bar);
}

function currentView(): ViewName {
  const [name = ''] = location.hash.slice(1).split('/');
  return VIEWS.find((view) => view === name) ?? 'explain';
}

function showView(): void {
  const current = currentView();
  for (const name of VIEWS) byId(name, HTMLElement).hidden = name !== current;
  for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-view]')) {
    if (link.dataset['view'] === current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
}

/** What the page holds on the graphics card, when it is asked. */
function showMemory(client: Client): void {
  const button = byId('memory', HTMLButtonElement);
  const line = byId('memory-line', HTMLSpanElement);
  button.hidden = false;
  const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(2);
  async function tell(): Promise<void> {
    try {
      const { usedBytes, freeBytes, bindGroups } = await client.call('memory', null);
      line.textContent = `${megabytes(usedBytes)} MiB in use, ${megabytes(freeBytes)} MiB kept for reuse, ${bindGroups} bind groups.`;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      notifyFailure('device', error.failure);
    }
  }
  button.addEventListener('click', () => void tell());
}

function keepForOffline(): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('service_worker.js').catch((error: unknown) => {
    console.warn('The page will not work offline:', error);
  });
}

async function start(): Promise<void> {
  showView();
  let left = currentView();
  addEventListener('hashchange', () => {
    showView();
    if (left !== currentView()) leavePart(left);
    left = currentView();
    scrollTo({ top: 0 });
  });
  const client = new Client(showWorking);
  client.on('device-lost', ({ message }) => {
    notify(
      'device',
      `The graphics device was lost (${message.replace(/\.$/, '')}). Open picture and model are kept; a training run goes on from its last snapshot.`,
    );
  });
  client.on('worker-ended', ({ message }) => {
    notify(
      'device',
      `${message} Open the picture again; a training run can be continued from its last snapshot.`,
    );
  });
  const line = byId('adapter-line', HTMLSpanElement);
  const explain = startExplain(client);
  startTrain(client, async (file, name) => {
    location.hash = '#explain';
    await explain.openModel(file, name);
  });
  startBench(client);
  startKernels(client);
  try {
    const { adapter } = await client.call('openGpu', null);
    const software = adapter.software ? ', a software adapter: it computes on the CPU' : '';
    line.textContent = `Adapter: ${adapter.name}${software}.`;
  } catch (error) {
    const failure =
      error instanceof CallError ? error.failure : ({ kind: 'bug', message: String(error) } as const);
    line.textContent = 'No graphics adapter.';
    if (failure.kind === 'no-webgpu') explainNoWebGpu(failure.message);
    else notifyFailure('device', failure);
    return;
  }
  showMemory(client);
  await explain.start();
}

keepForOffline();
await start();
