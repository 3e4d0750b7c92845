import { detectRaces } from 'wgsl_reflect/wgsl_reflect.module.js';
import { expectedModules } from '../../tools/generate_kernels.ts';
import { describe, expect, test } from 'vitest';
import type { RaceCase } from '../../src/kernels/race_case.ts';
import { fold } from '../../src/runtime/grid.ts';
import { globSync, readFileSync } from 'node:fs';
import { packParams } from '../../src/runtime/uniforms.ts';
import { specialise } from '../../src/runtime/kernel.ts';
import path from 'node:path';

const kernels = path.join(import.meta.dirname, '..', '..', 'src', 'kernels');
const barrier = /workgroupBarrier\(\);/g;

/** What the detector finds when it runs the case's kernel, or this text in its place: races and barriers not met by all. */
function findings(raceCase: RaceCase, source = specialise(raceCase.kernel, raceCase.constants)): string[] {
  const { kernel, buffers, params, workgroups } = raceCase;
  const group: Record<number, unknown> = {};
  for (const [name, { index }] of Object.entries(kernel.bindings)) {
    const values = buffers[name];
    if (values === undefined) throw new RangeError(`${kernel.name}: the race case has no buffer ${name}`);
    group[index] = values.slice();
  }
  const uniforms = packParams(kernel, params);
  if (kernel.params !== null && uniforms !== null)
    group[kernel.params.index] = { uniform: uniforms.slice().buffer };
  const grid = typeof workgroups === 'number' ? fold(workgroups) : workgroups;
  const { races, errors } = detectRaces(source, 'main', [...grid], { 0: group });
  return [...errors, ...races.map(({ message }) => message)];
}

const cases: RaceCase[] = [];
for (const file of globSync('*/cases.ts', { cwd: kernels }).toSorted()) {
  const exported = (await import(path.join(kernels, file))) as {
    readonly raceCase?: RaceCase;
    readonly raceCases?: readonly RaceCase[];
  };
  cases.push(...(exported.raceCases ?? []), ...(exported.raceCase === undefined ? [] : [exported.raceCase]));
}

/** The source without its barrier number `index`. */
function withoutBarrier(source: string, index: number): string {
  let count = -1;
  return source.replaceAll(barrier, (call) => {
    count += 1;
    return count === index ? '' : call;
  });
}

describe.each(cases)('$kernel.name', (raceCase) => {
  test('has no race', () => {
    expect(findings(raceCase)).toEqual([]);
  });

  test('would have one without a barrier: the control', () => {
    const source = specialise(raceCase.kernel, raceCase.constants);
    const barriers = source.match(barrier)?.length ?? 0;
    const silent = Array.from({ length: barriers }, (_, index) => index).filter(
      (index) => findings(raceCase, withoutBarrier(source, index)).length === 0,
    );
    expect(silent.length, `barriers ${silent.join(', ')} could be deleted unnoticed`).toBe(
      raceCase.barriersWithoutRace,
    );
  });
});

test('every kernel with workgroup memory has a race case, unless it uses subgroups, which the detector does not know', () => {
  const covered = new Set(cases.map(({ kernel }) => `${kernel.name}.wgsl`));
  const wanting = expectedModules()
    .filter(({ wgsl }) => {
      const source = readFileSync(wgsl, 'utf8');
      return source.includes('var<workgroup>') && !source.includes('enable subgroups');
    })
    .map(({ wgsl }) => path.relative(kernels, wgsl).replaceAll(path.sep, '/'))
    .filter((name) => !covered.has(name));
  expect(wanting).toEqual([]);
});
