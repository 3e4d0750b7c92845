/** What to do where there is no WebGPU, by browser. */
import { byId, make } from './dom.ts';

interface Advice {
  readonly browser: string;
  readonly matches: (agent: string) => boolean;
  readonly steps: string;
}

const isMobile = (agent: string): boolean => /Android|iPhone|iPad|Mobile/.test(agent);

const ADVICE: readonly Advice[] = [
  {
    browser: 'Chrome and Edge',
    matches: (agent) => /Chrome\//.test(agent) && !isMobile(agent),
    steps:
      'Version 113 or later on Windows, macOS and ChromeOS. Switch on “Use graphics acceleration when available” under Settings, System; chrome://gpu says why an adapter is refused. On Linux start the browser with --enable-unsafe-webgpu --enable-features=Vulkan where it does not work by itself.',
  },
  {
    browser: 'Chrome on Android',
    matches: (agent) => /Android/.test(agent) && /Chrome\//.test(agent),
    steps: 'Version 121 or later on Android 12 or later, with a Qualcomm, ARM or Imagination GPU.',
  },
  {
    browser: 'Safari',
    matches: (agent) => /Safari\//.test(agent) && !/Chrome\//.test(agent),
    steps:
      'Version 26 or later (macOS 26, iOS 26, iPadOS 26). Before that: Settings, Safari, Advanced, Feature Flags, WebGPU.',
  },
  {
    browser: 'Firefox',
    matches: (agent) => /Firefox\//.test(agent),
    steps:
      'Version 141 or later on Windows, 145 or later on Macs with Apple silicon. Elsewhere: Firefox Nightly, or dom.webgpu.enabled in about:config; about:support says why an adapter is refused.',
  },
];

/** Options of a command line as such. */
const withFlags = (text: string): (HTMLElement | string)[] =>
  text
    .split(/(--[\w=-]+)/)
    .map((part) => (part.startsWith('--') ? make('code', { class: 'flag' }, part) : part));

/** Shows what to do; the browser at hand comes first. */
export function explainNoWebGpu(reason: string): void {
  const place = byId('no-webgpu', HTMLElement);
  const agent = navigator.userAgent;
  const own = ADVICE.filter(({ matches }) => matches(agent));
  const others = ADVICE.filter((advice) => !own.includes(advice));
  const secure = globalThis.isSecureContext
    ? []
    : [make('p', {}, 'This page came over plain http: WebGPU needs https, or localhost.')];
  const list = (advice: readonly Advice[]): HTMLElement =>
    make(
      'ul',
      {},
      ...advice.map(({ browser, steps }) =>
        make('li', {}, make('b', {}, `${browser}: `), ...withFlags(steps)),
      ),
    );
  place.replaceChildren(
    make('h2', { id: 'no-webgpu-title' }, 'This browser gives the page no WebGPU'),
    make('p', {}, 'Everything here is computed by your graphics card through WebGPU. What helps:'),
    ...secure,
    list(own.length > 0 ? own : ADVICE),
    ...(own.length > 0 ? [make('details', {}, make('summary', {}, 'Other browsers'), list(others))] : []),
    make('p', { class: 'quiet' }, reason),
  );
  place.hidden = false;
  document.body.classList.add('without-gpu');
}
