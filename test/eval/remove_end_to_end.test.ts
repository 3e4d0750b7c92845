import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRemoveEndToEnd } from '../../tools/golden/evaluation_end_to_end.ts';
import type { EndToEndJson } from '../../tools/golden/evaluation_end_to_end.ts';
import { createEngine } from '../../src/runtime/create_engine.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { GoldenFile } from '../../tools/golden/compare.ts';
import { gunzipSync } from 'node:zlib';
import { parseSafetensors } from '../../src/model/safetensors.ts';
import { readFileSync } from 'node:fs';

const read = (name: string): Uint8Array => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine();
});
afterAll(() => engine.destroy());

test('remove-and-classify as the released code ran it: maps, masks, erased pictures, right or wrong', async () => {
  const json = JSON.parse(new TextDecoder().decode(read('eval/remove_end_to_end.json'))) as EndToEndJson & {
    readonly noise: Readonly<Record<string, number>>;
  };
  const noise = new Map(Object.entries(json.noise));
  const init = new GoldenFile(
    parseSafetensors(read('tiny_resnet/resnet50_tiny_init.safetensors')),
    new Map(),
  );
  const tensors = parseSafetensors(gunzipSync(read('eval/remove_end_to_end.safetensors.gz')));
  const checks = await checkRemoveEndToEnd(engine, init, new GoldenFile(tensors, noise), json);
  // Two sets of probabilities and two of what is right, those of the whole pictures, the maps, and six masks.
  expect(checks.length).toBe(12);
  expect(checks.filter(({ error, allowed }) => !(error <= allowed))).toEqual([]);
});
