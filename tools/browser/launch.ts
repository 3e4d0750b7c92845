import type { Browser } from 'playwright';
import type { Chromium } from './find_chromium.ts';
import { chromium as driver } from 'playwright';

/** Starts a browser without a window. Close it when done: its processes do not end by themselves. */
export function launchChromium({ executablePath, args, env }: Chromium): Promise<Browser> {
  return driver.launch({ executablePath, args: [...args], env });
}
