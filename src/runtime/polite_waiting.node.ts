/**
 * Waiting for the GPU without burning a core. While one of its promises is pending, Dawn's Node binding polls on every turn
 * of the event loop and keeps the loop turning at full speed (dawn-gpu/node-webgpu#17), which takes a whole core from a software
 * adapter. So the loop gets a brake: an immediate that sleeps a moment. Timers, progress bars and files go on between two
 * sleeps. Measured on 2 cores with lavapipe (Mesa 25, webgpu 0.6.2): dispatches of 0.3, 0.9, 7.6, 32 and 4400 ms with a plain
 * await take 0.3, 0.9, 4.6, 20 and 2900 ms. To be deleted when the binding blocks or signals by itself.
 */

/** The longest sleep per turn of the event loop, in milliseconds: what a timer may come late by. */
const longestSleep = 1;
/** Sleep this part of the time waited so far: short waits stay short, whatever the operating system's timer makes of it. */
const sleepShare = 0.1;

const neverNotified = new Int32Array(new SharedArrayBuffer(4));
let pending = 0;
let braking = false;
let waitingSince = 0;
let restless = 0;

function brake(): void {
  if (pending === 0) {
    braking = false;
    return;
  }
  const sleep = Math.min(longestSleep, (performance.now() - waitingSince) * sleepShare);
  if (restless === 0) Atomics.wait(neverNotified, 0, 0, sleep);
  setImmediate(brake);
}

/** Settles as the GPU promise does; until then the event loop sleeps between two looks. */
export async function waitPolitely<T>(promise: Promise<T>): Promise<T> {
  // With several promises pending the newest decides: it may be a short one.
  waitingSince = performance.now();
  pending += 1;
  if (!braking) {
    braking = true;
    setImmediate(brake);
  }
  try {
    return await promise;
  } finally {
    pending -= 1;
  }
}

/** Takes the brake off until the function it returns is called: for what moves on only as the event loop turns. */
export function waitRestlessly(): () => void {
  let isOver = false;
  restless += 1;
  return () => {
    if (!isOver) restless -= 1;
    isOver = true;
  };
}
