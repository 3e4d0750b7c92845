import { expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';
import { explainOften, sampleMemory, startSteps, step } from './memory.ts';

// The long form, with figures: node test/demo/endurance.ts
describeDemo('Memory', (demo) => {
  test('stays what it was over 48 explanations and 24 training steps', async () => {
    const page = await demo().open();
    await page.locator('#examples button').last().waitFor();
    await explainOften(page, 24);
    const first = await sampleMemory(demo(), page);
    await explainOften(page, 24);
    const second = await sampleMemory(demo(), page);
    // All of the same shapes: not a byte more, and no bind group beyond those of the first round.
    expect([second.tensors, second.bindGroups]).toEqual([first.tensors, first.bindGroups]);

    await page.goto(`${demo().url}#train`);
    await startSteps(page, 24, 6);
    await step(page, 12);
    const early = await sampleMemory(demo(), page);
    await page.locator('#training-line').filter({ hasText: 'Done' }).waitFor({ timeout: 60_000 });
    const late = await sampleMemory(demo(), page);
    // A captured step's memory is given back at the end of an epoch, to be kept for the next one.
    expect(late.tensors).toBeLessThanOrEqual(early.tensors + 0.01);
  });
});
