import type { AdapterListing } from '../../src/runtime/open.ts';
import { Command } from 'commander';
import { listAdapters, openGpu } from '../../src/runtime/open.node.ts';

/** Limits that decide what fits; the rest is in --json. */
const SHOWN_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxStorageBuffersPerShaderStage',
];
const SHOWN_FEATURES = ['subgroups', 'shader-f16', 'timestamp-query'];

function describe({ description, features, limits, selected }: AdapterListing): string {
  const { name, backend, driver, software, source, subgroupMinSize, subgroupMaxSize } = description;
  const has = SHOWN_FEATURES.map((feature) => `${features.includes(feature) ? 'yes' : 'no '} ${feature}`);
  const lanes =
    subgroupMinSize === subgroupMaxSize ? String(subgroupMinSize) : `${subgroupMinSize}-${subgroupMaxSize}`;
  return [
    `${selected ? '*' : ' '} ${name}`,
    `    ${source}, ${backend === '' ? '' : `${backend}, `}${software ? 'software (computes on the CPU)' : 'hardware'}; ${driver}`,
    `    features: ${has.join('  ')}${subgroupMaxSize > 0 ? `  (${lanes} lanes)` : ''}`,
    ...SHOWN_LIMITS.map((limit) => `    ${limit.padEnd(34)} ${(limits[limit] ?? 0).toLocaleString('en')}`),
  ].join('\n');
}

function reason(listing: AdapterListing): string {
  const { name, software, source } = listing.description;
  const marked = `* ${name} is used`;
  if (source === 'embedded SwiftShader') {
    return (
      `${marked}: the system offers no other. Mesa's lavapipe (24 or later; on Debian 12: mesa-vulkan-drivers from ` +
      'bookworm-backports) is several times faster, a GPU far more.'
    );
  }
  const why = software
    ? 'the fastest adapter of this system, on the CPU'
    : "the system's high-performance adapter";
  return `${marked}: ${why}. Choose another with --adapter or CALM_ADAPTER.`;
}

/** `calm devices`: adapters with what they offer, which one is used, and why. */
export function devicesCommand(): Command {
  return new Command('devices')
    .description('list the GPU adapters, their limits and features, and say which one is used and why')
    .option('--adapter <name>', "'auto', 'system', 'swiftshader', or a part of an adapter's name")
    .option('--json', 'print everything as JSON')
    .action(async ({ adapter, json }: { adapter?: string; json?: boolean }) => {
      const listings = await listAdapters({ adapter });
      if (json === true) {
        console.log(JSON.stringify(listings, null, 2));
        return;
      }
      for (const listing of listings) console.log(describe(listing));
      const selected = listings.find((listing) => listing.selected);
      // Opening says why there is none to use, and what to install.
      if (selected === undefined) await openGpu({ adapter });
      else console.log(reason(selected));
    });
}
