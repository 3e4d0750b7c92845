// `node tools/golden.ts FOLDER [PART...]`: runs the networks against golden data of the official code and prints the worst
// error of every tensor beside what is allowed. Exits with 1 when one is out of tolerance.
import type { Check } from './golden/compare.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { HeadKind } from '../src/model/head.ts';
import type { Manifest } from './golden/formula.ts';
import type { CubTraitJson, MetricsJson, WsolJson } from './golden/evaluation.ts';
import type { EndToEndJson } from './golden/evaluation_end_to_end.ts';
import { checkAttribution } from './golden/attribution.ts';
import {
  checkCubTrait,
  checkErasure,
  checkOpenImages,
  checkPixelPrecision,
  checkWsol,
} from './golden/evaluation.ts';
import { checkCueEndToEnd, checkRemoveEndToEnd } from './golden/evaluation_end_to_end.ts';
import { checkFullNetwork } from './golden/full_network.ts';
import { checkOfficialCheckpoint } from './golden/official_checkpoint.ts';
import { checkTinyActivations, checkTinyTraining } from './golden/tiny_resnet.ts';
import { checkScoreMapOperations } from './golden/score_map_operations.ts';
import { Command } from 'commander';
import { ArgumentError } from '../src/runtime/errors.ts';
import { createEngine } from '../src/runtime/create_engine.ts';
import { GoldenFile, noiseOf } from './golden/compare.ts';
import { join } from 'node:path';
import { errorMessage } from './error_message.ts';
import { readFile } from 'node:fs/promises';
import { readSafetensors } from '../src/model/safetensors.node.ts';

interface Options {
  readonly adapter?: string;
  readonly verbose?: boolean;
}

/** Networks of the official size, whose weights follow from a formula. */
const FULL_NETWORKS = [
  'resnet50_full_lfm0',
  'resnet50_full_lfm0_smooth',
  'resnet50_full_lfm1',
  'resnet50_full_lfm1_smooth',
  'vgg16_bn0_lfm0',
  'vgg16_bn1_lfm0',
  'vgg16_bn1_lfm1',
  'inception_bn0_lfm0',
  'inception_bn1_lfm0',
  'inception_bn1_lfm0_smooth',
  'inception_bn1_lfm1',
] as const;

type Part = (engine: Engine) => Promise<Check[]>;

/** Every part by name; a part reads its files when it runs. */
function partsOf(folder: string, index: unknown): Map<string, Part> {
  const open = async (name: string): Promise<GoldenFile> => {
    const file = `${name}.safetensors`;
    return new GoldenFile(await readSafetensors(join(folder, file)), noiseOf(index, file));
  };
  const parts = new Map<string, Part>();
  const json = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8'));
  parts.set('metrics', async () => {
    const [golden, metrics] = [await open('metrics'), (await json('metrics')) as MetricsJson];
    return [
      ...checkPixelPrecision(golden, metrics),
      ...(await checkOpenImages(folder, golden, metrics)),
      ...checkErasure(golden, metrics),
    ];
  });
  parts.set('wsol', async () => checkWsol(await open('wsol'), (await json('wsol')) as WsolJson));
  parts.set('cub_trait', async () =>
    checkCubTrait(folder, await open('cub_trait'), (await json('cub_trait')) as CubTraitJson),
  );
  parts.set('e2e_cue', async (engine) => {
    const [init, golden] = await Promise.all([open('resnet50_tiny_init'), open('e2e')]);
    return checkCueEndToEnd(engine, folder, init, golden, (await json('e2e')) as EndToEndJson);
  });
  parts.set('e2e_remove', async (engine) => {
    const [init, golden] = await Promise.all([open('resnet50_tiny_init'), open('e2e')]);
    return checkRemoveEndToEnd(engine, init, golden, (await json('e2e')) as EndToEndJson);
  });
  for (const set of ['cam', 'em', 'ml']) {
    parts.set(`attribution_${set}`, async (engine) => {
      const [init, golden] = await Promise.all([open('resnet50_tiny_init'), open('attribution')]);
      return checkAttribution(engine, init, golden, set);
    });
  }
  parts.set('scoremap_ops', async (engine) => checkScoreMapOperations(engine, await open('scoremap_ops')));
  parts.set('tiny_checkpoint', async (engine) => {
    const [init, golden] = await Promise.all([open('resnet50_tiny_init'), open('resnet50_tiny_em_lfm0')]);
    return checkOfficialCheckpoint(
      engine,
      join(folder, 'resnet50_tiny_last_checkpoint.pth.tar'),
      init,
      golden,
    );
  });
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
  }
  for (const name of FULL_NETWORKS) {
    parts.set(name, async (engine) => {
      const manifest = JSON.parse(await readFile(join(folder, `${name}.manifest.json`), 'utf8')) as Manifest;
      return checkFullNetwork(engine, manifest, await open(name));
    });
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
  if (chosen.length === 0)
    throw new ArgumentError(`no part is called so; there are ${[...parts.keys()].join(', ')}`);
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

const program = new Command('golden')
  .description('compare the networks with golden data of the official code')
  .argument('<folder>', 'where the golden files are')
  .argument('[parts...]', 'only parts whose names contain one of these (tiny, full, vgg16, em, lfm1, ...)')
  .option('--adapter <name>', "'auto', 'swiftshader', or a part of an adapter's name")
  .option('--verbose', 'print every comparison, not only the worst')
  .action(main);

try {
  await program.parseAsync();
} catch (error) {
  const message = errorMessage(error);
  console.error(message === null ? error : `golden: ${message}`);
  process.exitCode = 1;
}
