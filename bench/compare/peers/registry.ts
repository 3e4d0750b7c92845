/** Which peers there are and how each is opened. */
import type { Peer } from './peer.ts';
import type { RemotePeer } from './remote.ts';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { openJax } from './jax.ts';
import { openOrtCpu, openOrtWasm, openOrtWebGpu } from './ort.ts';
import { openOurs } from './ours.ts';
import { openRemote } from './remote.ts';
import { openTfjs } from './tfjs.ts';

/** Peers as the command line knows them; our engine always takes part. */
export const PEER_NAMES = ['tfjs', 'jax', 'ort', 'torch'] as const;
export type PeerName = (typeof PEER_NAMES)[number];

/** A contender that can be opened, on this process's devices or in a process of its own. */
export interface Candidate {
  readonly name: string;
  /** In this process, alternating on the same adapter; a process of its own where that is the only way. */
  open(): Promise<Peer>;
  /** In a fresh process, so that its peak memory is its own. */
  openAlone(): Promise<RemotePeer>;
}

const openers: Readonly<Record<string, () => Promise<Peer>>> = {
  ours: openOurs,
  tfjs: openTfjs,
  'jax-js': openJax,
  'ort webgpu': openOrtWebGpu,
  'ort wasm': openOrtWasm,
};

/** `ort cpu 2t`: ONNX Runtime's CPU with two threads. */
const ORT_CPU = /^ort cpu (?<threads>\d+)t$/;

/** Opens one of the JavaScript peers by its name. */
export async function openInProcess(name: string): Promise<Peer> {
  const threads = ORT_CPU.exec(name)?.groups?.['threads'];
  if (threads !== undefined) return openOrtCpu(Number(threads));
  const open = openers[name];
  if (open === undefined) throw new Error(`no peer is called '${name}'`);
  return open();
}

function javaScript(name: string): Candidate {
  const openAlone = (): Promise<RemotePeer> =>
    openRemote(process.execPath, [join(import.meta.dirname, 'serve.ts'), name]);
  return { name, open: () => openInProcess(name), openAlone };
}

/** The first of the interpreters that has PyTorch; a version manager's may come before the system's. */
function findPython(interpreters: readonly string[]): string {
  const question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)";
  const found = interpreters.find((python) => spawnSync(python, ['-c', question]).status === 0);
  if (found === undefined) throw new Error(`no torch in ${interpreters.join(', ')}; see --python`);
  return found;
}

function torch(interpreters: readonly string[], threads: number): Candidate {
  // The libraries below PyTorch read these when they are loaded: torch.set_num_threads alone does not limit OpenBLAS.
  const environment = { OMP_NUM_THREADS: String(threads), OPENBLAS_NUM_THREADS: String(threads) };
  // -B: no __pycache__ in the source tree.
  const parameters = ['-B', join(import.meta.dirname, 'torch_peer.py'), String(threads)];
  const openAlone = async (): Promise<RemotePeer> =>
    openRemote(findPython(interpreters), parameters, environment);
  return { name: `torch ${threads}t`, open: openAlone, openAlone };
}

/** What the peers' candidates depend on. */
export interface CandidateOptions {
  readonly peers: readonly PeerName[];
  /** Numbers of threads that PyTorch and ONNX Runtime's CPU are measured with. */
  readonly threads: readonly number[];
  /** Python interpreters of which the first that has PyTorch is taken. */
  readonly python: readonly string[];
}

/** Our engine first, then the peers asked for. */
export function candidatesOf({ peers, threads, python }: CandidateOptions): Candidate[] {
  const byPeer: Readonly<Record<PeerName, readonly Candidate[]>> = {
    tfjs: [javaScript('tfjs')],
    jax: [javaScript('jax-js')],
    ort: ['ort webgpu', 'ort wasm', ...threads.map((count) => `ort cpu ${count}t`)].map(javaScript),
    torch: threads.map((count) => torch(python, count)),
  };
  return [javaScript('ours'), ...peers.flatMap((peer) => byPeer[peer])];
}
