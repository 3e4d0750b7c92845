import { expect, test } from 'vitest';
import { describeDemo } from './describe_demo.ts';
import { explainOften, sampleMemory, startSteps, step } from './memory.ts';

// The long form, with figures: node test/demo/endurance.ts
describeDemo('Memory', (demo) => {
  test('stays what it was over 48 explanations and two training runs', async () => {
    const page = await demo().open();
    await page.locator('#examples button').last().waitFor();
    await explainOften(page, 24);
    const first = await sampleMemory(demo(), page);
    await explainOften(page, 24);
    const second = await sampleMemory(demo(), page);
    // All of the same shapes: not a byte more, and no bind group beyond those of the first round.
    expect([second.tensors, second.bindGroups]).toEqual([first.tensors, first.bindGroups]);

    await page.goto(`${demo().url}#train`);
    const done = page.locator('#training-line').filter({ hasText: 'Done' });
    const train = async () => {
      await startSteps(page, 18, 6);
      await step(page, 1);
      await done.waitFor({ timeout: 60_000 });
      return sampleMemory(demo(), page);
    };
    const once = await train();
    // A whole run, because maps are drawn when their time has come and take memory then. The next run finds the first one's.
    const twice = await train();
    expect(twice.tensors).toBeLessThanOrEqual(once.tensors + 0.01);
  });
});
