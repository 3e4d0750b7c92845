// `node tools/golden.ts FOLDER [PART...]`: runs the networks against golden data of the official code and prints the worst
// error of every tensor beside what is allowed. Exits with 1 when one is out of tolerance.
import type { Check } from './golden/compare.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { HeadKind } from '../src/model/head.ts';
import type { Manifest } from './golden/formula.ts';
import { checkFullResNet } from './golden/full_resnet.ts';
import { checkTinyActivations, checkTinyTraining } from './golden/tiny_resnet.ts';
import { Command } from 'commander';
import { createEngine } from '../src/runtime/create_engine.ts';
import { GoldenFile, noiseOf } from './golden/compare.ts';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { readSafetensors } from '../src/model/safetensors.node.ts';

interface Options {
  readonly adapter?: string;
  readonly verbose?: boolean;
}

type Part = (engine: Engine) => Promise<Check[]>;

/** Every part by name; a part reads its files when it runs. */
function partsOf(folder: string, index: unknown): Map<string, Part> {
  const open = async (name: string): Promise<GoldenFile> => {
    const file = `${name}.safetensors`;
    return new GoldenFile(await readSafetensors(join(folder, file)), noiseOf(index, file));
  };
  const parts = new Map<string, Part>();
  for (const map of ['lfm0', 'lfm1']) {
    const largeFeatureMap = map === 'lfm1';
    for (const set of ['train', 'eval', 'odd'] as const) {
      parts.set(`tiny_${set}_${map}`, async (engine) => {
        const [init, golden] = await Promise.all([
          open('resnet50_tiny_init'),
          open(`resnet50_tiny_acts_${map}`),
        ]);
        return checkTinyActivations(engine, init, golden, set, largeFeatureMap);
      });
    }
    for (const method of ['cam', 'em', 'ml']) {
      const head: HeadKind = method === 'cam' ? 'cam' : method === 'em' ? 'calm-em' : 'calm-ml';
      parts.set(`tiny_${method}_${map}`, async (engine) => {
        const [init, golden] = await Promise.all([
          open('resnet50_tiny_init'),
          open(`resnet50_tiny_${method}_${map}`),
        ]);
        return checkTinyTraining(engine, init, golden, { head, largeFeatureMap });
      });
    }
    for (const form of ['', '_smooth']) {
      const name = `resnet50_full_${map}${form}`;
      parts.set(name.replace('resnet50_', ''), async (engine) => {
        const manifest = JSON.parse(
          await readFile(join(folder, `${name}.manifest.json`), 'utf8'),
        ) as Manifest;
        return checkFullResNet(engine, manifest, await open(name));
      });
    }
  }
  return parts;
}

function printChecks(part: string, checks: readonly Check[], verbose: boolean): number {
  const share = ({ error, allowed }: Check): number => (error === 0 ? 0 : error / allowed);
  const sorted = checks.toSorted((a, b) => share(b) - share(a));
  const wrong = sorted.filter((check) => !(check.error <= check.allowed));
  console.log(`${part}: ${checks.length} comparisons, ${wrong.length} out of tolerance`);
  const shown = verbose ? sorted : sorted.slice(0, Math.max(3, wrong.length));
  for (const { name, error, allowed } of shown) {
    const mark = error <= allowed ? ' ' : '!';
    console.log(
      `  ${mark} ${name.padEnd(48)} error ${error.toExponential(2)}  allowed ${allowed.toExponential(2)}`,
    );
  }
  return wrong.length;
}

async function main(folder: string, names: readonly string[], options: Options): Promise<void> {
  const index: unknown = JSON.parse(await readFile(join(folder, 'index.json'), 'utf8'));
  const parts = partsOf(folder, index);
  const chosen = [...parts].filter(
    ([name]) => names.length === 0 || names.some((wanted) => name.includes(wanted)),
  );
  if (chosen.length === 0) throw new Error(`no part is called so; there are ${[...parts.keys()].join(', ')}`);
  const engine = await createEngine(options.adapter === undefined ? {} : { adapter: options.adapter });
  console.log(`on ${engine.adapter.name}`);
  let wrong = 0;
  try {
    for (const [name, part] of chosen) {
      const start = performance.now();
      wrong += printChecks(name, await part(engine), options.verbose === true);
      console.log(`    ${((performance.now() - start) / 1000).toFixed(1)} s`);
    }
  } finally {
    engine.destroy();
  }
  if (wrong > 0) process.exitCode = 1;
}

await new Command('golden')
  .description('compare the networks with golden data of the official code')
  .argument('<folder>', 'where the golden files are')
  .argument('[parts...]', 'only parts whose names contain one of these (tiny, full, em, lfm1, ...)')
  .option('--adapter <name>', "'auto', 'swiftshader', or a part of an adapter's name")
  .option('--verbose', 'print every comparison, not only the worst')
  .action(main)
  .parseAsync();
