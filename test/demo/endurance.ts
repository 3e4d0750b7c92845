// Many explanations and training steps in the page, with what memory they leave behind. Not part of the tests: it takes minutes.
//   node test/demo/endurance.ts [--explanations 500] [--steps 500]
import type { MemorySample } from './memory.ts';
import { explainOften, sampleMemory, startSteps, step } from './memory.ts';
import { longTasks, openDemo } from './demo.ts';
import { parseArgs } from 'node:util';
import { printTable } from '../../bench/table.ts';

const { values } = parseArgs({
  options: { explanations: { type: 'string', default: '500' }, steps: { type: 'string', default: '500' } },
});
const explanations = Number(values.explanations);
const steps = Number(values.steps);
const SAMPLES = 5;

const rows: string[][] = [];
function note(what: string, { tensors, bindGroups, heap, renderer, gpu }: MemorySample): void {
  rows.push([
    what,
    tensors.toFixed(2),
    String(bindGroups),
    heap.toFixed(2),
    renderer.toFixed(0),
    gpu.toFixed(0),
  ]);
}

const demo = await openDemo();
try {
  const page = await demo.open();
  await page.locator('#examples button').last().waitFor();
  await explainOften(page, 24);
  note('explanations: 24', await sampleMemory(demo, page));
  let begin = performance.now();
  for (let sample = 1; sample <= SAMPLES; sample++) {
    await explainOften(page, Math.round(explanations / SAMPLES));
    note(
      `explanations: ${24 + Math.round((explanations * sample) / SAMPLES)}`,
      await sampleMemory(demo, page),
    );
  }
  const explaining = (performance.now() - begin) / explanations;
  await page.goto(`${demo.url}#train`);
  await startSteps(page, steps, 20);
  begin = performance.now();
  for (let sample = 1; sample <= SAMPLES; sample++) {
    const number = Math.round((steps * sample) / SAMPLES);
    await step(page, number);
    note(`steps: ${number}`, await sampleMemory(demo, page));
  }
  const training = (performance.now() - begin) / steps;
  printTable(['', 'tensors MiB', 'bind groups', 'heap MiB', 'renderer MiB', 'GPU process MiB'], rows);
  console.log(
    `${explaining.toFixed(0)} ms an explanation, ${training.toFixed(0)} ms a step with all around it`,
  );
  const tasks = await longTasks(page);
  console.log(
    `longest task of the page: ${Math.max(0, ...tasks).toFixed(0)} ms; ${tasks.length} of 50 ms or more`,
  );
} finally {
  await demo.close();
}
