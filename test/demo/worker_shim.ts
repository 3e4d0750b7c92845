/** What tests do to the page's worker that a page cannot: to its device, and to the pace of its training. */
import type { Page } from 'playwright';

/**
 * Runs in the worker before its own code. Training is held from a step on: what the GPU has computed does not come, until the page asks for
 * a pause or the device is lost. At most the two steps that are under way then are done beyond it.
 */
export const WORKER_SHIM = `{
  let device = null;
  let heldFrom = Infinity;
  let gate = null;
  const letGo = () => {
    heldFrom = Infinity;
    gate?.resolve();
    gate = null;
  };

  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...options) {
    device = await request.apply(this, options);
    void device.lost.then(letGo);
    return device;
  };

  const mapAsync = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = async function (...range) {
    await mapAsync.apply(this, range);
    await gate?.promise;
  };
  const tell = globalThis.postMessage;
  globalThis.postMessage = (message, transfer) => {
    const { event, status } = message;
    if (event === 'training' && status.state === 'running' && status.step >= heldFrom)
      gate ??= Promise.withResolvers();
    tell.call(globalThis, message, transfer);
  };
  addEventListener('message', ({ data }) => {
    // When the worker has heard it, too.
    if (data.name === 'pauseTraining') setTimeout(letGo);
  });

  const channel = new BroadcastChannel('test');
  channel.onmessage = ({ data: [word, value] }) => {
    if (word === 'hold') heldFrom = value;
    if (word === 'destroy') device.destroy();
    // 256 GiB.
    if (word === 'memory')
      device.createTexture({
        size: [8192, 8192, 256],
        format: 'rgba32float',
        usage: GPUTextureUsage.STORAGE_BINDING,
      });
    if (word === 'crash') setTimeout(() => { throw new Error('forced end'); });
    channel.postMessage('heard');
  };
}
`;

/** Does it to the worker, and resolves when it is done: loses the device, takes too much memory, ends the worker. */
export async function toWorker(page: Page, word: 'destroy' | 'memory' | 'crash'): Promise<void> {
  await say(page, [word, 0]);
}

/** Holds training from this step on, whatever run it is of. */
export async function holdTraining(page: Page, step: number): Promise<void> {
  await say(page, ['hold', step]);
}

async function say(page: Page, message: readonly [word: string, value: number]): Promise<void> {
  // The worker has spoken, so that it hears.
  await page.locator('#adapter-line').filter({ hasText: 'Adapter:' }).waitFor();
  await page.evaluate(
    (said) =>
      new Promise<void>((resolve) => {
        const channel = new BroadcastChannel('test');
        channel.addEventListener('message', () => {
          channel.close();
          resolve();
        });
        channel['postMessage'](said);
      }),
    message,
  );
}
