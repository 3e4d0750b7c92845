import { expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';

describeDemo('The page', (demo) => {
  test('works offline once it has been loaded', async () => {
    const page = await demo().open({ serviceWorkers: 'allow' });
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.context().setOffline(true);
    await page.reload();
    await page.locator('#stage-rows tr').first().waitFor({ state: 'attached' });
    await page.goto(`${demo().url}#kernels/add/add`);
    await page.locator('#kernel').filter({ hasText: 'Elementwise sum of two tensors' }).waitFor();
    await page.context().close();
  });

  test('fits a phone, in the dark too', async () => {
    const page = await demo().open({ hasTouch: true, colorScheme: 'dark' });
    for (const width of [375, 320]) {
      await page.setViewportSize({ width, height: 812 });
      for (const view of ['explain', 'train', 'bench', 'kernels']) {
        await page.goto(`${demo().url}#${view}`);
        await page.locator(`#${view}`).waitFor();
        expect(await page.evaluate(tooWide), `${view} at ${width}`).toEqual([]);
        await demo().screenshot(page, `phone_${view}_${width}`);
      }
    }
    await page.context().close();
  });

  test('goes by keyboard: tabs, classes, maps', async () => {
    const page = await demo().open({ view: null });
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.locator('#train-title').waitFor();
    await page.goto(`${demo().url}#explain`);
    const map = page.getByRole('radio', { name: /^Joint/ });
    await map.focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('#map-summary').filter({ hasText: 'had it seen that place alone' }).waitFor();
    const second = page.locator('#class-rows .name').nth(1);
    const name = await second.innerText();
    await second.focus();
    await page.keyboard.press('Enter');
    await page.locator('#map-summary').filter({ hasText: name }).waitFor();
    // The table was built anew around the key that was pressed.
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe(name);
    await page.context().close();
  });

  test('every control has a name, and text has AA contrast in light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await demo().open({ colorScheme });
      const session = await page.context().newCDPSession(page);
      for (const view of ['explain', 'train', 'bench', 'kernels']) {
        await page.goto(`${demo().url}#${view}`);
        const { nodes } = await session.send('Accessibility.getFullAXTree');
        const controls = new Set([
          'button',
          'link',
          'textbox',
          'spinbutton',
          'slider',
          'combobox',
          'radio',
          'checkbox',
          'searchbox',
          'image',
        ]);
        const nameless = nodes.filter(
          ({ ignored, role, name }) => !ignored && controls.has(String(role?.value)) && !name?.value,
        );
        expect(nameless.map(({ role }) => `${view}: ${String(role?.value)}`)).toEqual([]);
        expect(await page.evaluate(lowContrast), `${view} ${colorScheme}`).toEqual([]);
      }
      await page.context().close();
    }
  });

  test('kernels are found by word and measured', async () => {
    const page = await demo().open({ view: 'kernels' });
    await page.fill('#kernel-search', 'joint_head/likelihood');
    await page.locator('#kernel').filter({ hasText: 'joint_head/likelihood' }).waitFor();
    await page.fill('#kernel-search', 'add/add');
    await page.click('#kernel-measure');
    await page.locator('#kernel-line').filter({ hasText: 'One kernel measured' }).waitFor();
    await page.goto(`${demo().url}#kernels/add/add`);
    await page
      .locator('#kernel')
      .filter({ hasText: /[\d.]+ ms on this adapter; buffers \[257,263\]/ })
      .waitFor();
    await demo().screenshot(page, 'kernels');
    await page.context().close();
  });

  test('the benchmarks give tables, which are copied with the name of the adapter', async () => {
    const page = await demo().open({
      view: 'bench',
      ready: false,
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const done = page.locator('#bench-line').filter({ hasText: 'Measured in' });
    await page.click('#bench-head');
    await done.waitFor({ timeout: 120_000 });
    expect(await page.locator('#bench-tables table').count()).toBe(3);
    await page.click('#bench-conv2d');
    await page.locator('#bench-line').filter({ hasText: 'Measuring' }).waitFor();
    await done.waitFor({ timeout: 120_000 });
    // One layer, all directions.
    expect(await page.locator('#bench-tables table').count()).toBe(4);
    await demo().screenshot(page, 'bench');
    await page.click('#bench-copy');
    await page.locator('#bench-line').filter({ hasText: 'Copied' }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    expect(text).toMatch(
      /^google swiftshader, SOFTWARE[^]*\*\*forward, em, B=8 C=200 14x14\*\*[^]*\| copy kernel \| [\d.]+ \|/,
    );
    const milliseconds = [...text.matchAll(/^\| [^|]+ \| ([\d.]+) \|/gm)].map(([, value]) => Number(value));
    // One size of the head, three parts, a copy kernel and two ways each; and a convolution's directions.
    expect(milliseconds.length).toBeGreaterThanOrEqual(9 + 3);
    for (const direction of ['forward', 'input gradient', 'weight gradient'])
      expect(text).toContain(`| ${direction} |`);
    expect(Math.min(...milliseconds)).toBeGreaterThan(0);
    await page.context().close();
  });
});

/** Runs in the page: what reaches beyond its right edge, and texts that are wider than their place; what scrolls may. */
function tooWide(): string[] {
  const { clientWidth } = document.documentElement;
  const scrolls = (element: Element): boolean => getComputedStyle(element).overflowX !== 'visible';
  const isWithin = (element: Element): boolean => {
    for (let at: Element | null = element; at !== null && at !== document.body; at = at.parentElement)
      if (scrolls(at)) return true;
    const isText = element.childElementCount === 0 && element.clientWidth > 0;
    return (
      element.getBoundingClientRect().right <= clientWidth + 0.5 &&
      !(isText && element.scrollWidth > element.clientWidth + 1)
    );
  };
  return [...document.querySelectorAll('header *, main *, footer *')]
    .filter((element) => element.checkVisibility() && !isWithin(element))
    .map((element) => `${element.tagName} ${element.id} ${element.textContent}`);
}

/** Runs in the page: visible texts whose contrast with what lies behind them is below WCAG's AA, 4.5 to 1 (3 to 1 where large). */
function lowContrast(): string[] {
  const context = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const channels = (colour: string): number[] => {
    if (context === null) return [];
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = channels(colour).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backdrop = (element: Element | null): string => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { backgroundColor } = getComputedStyle(at);
      if ((channels(backgroundColor)[3] ?? 0) > 250) return backgroundColor;
    }
    return 'white';
  };
  const failures: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const element = node.parentElement;
    if (element === null || node.textContent?.trim() === '' || !element.checkVisibility()) continue;
    // Disabled controls are exempt.
    if (element.closest(':disabled') !== null) continue;
    const style = getComputedStyle(element);
    const [first, second] = [luminance(style.color), luminance(backdrop(element))];
    const ratio = (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05);
    const isLarge = Number.parseFloat(style.fontSize) >= 24;
    if (ratio < (isLarge ? 3 : 4.5)) failures.push(`${node.textContent?.trim()}: ${ratio.toFixed(2)}`);
  }
  return failures;
}
