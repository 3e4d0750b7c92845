/**
 * MPI's C library from Node, through koffi: the dozen functions that moving bytes between processes takes. No arithmetic
 * of MPI is used (see Communicator.allReduce), so of its handles only two are needed: MPI_COMM_WORLD and MPI_BYTE.
 */
import type { LaunchedRank, MpiFamily } from './launcher.node.ts';
import type koffiModule from 'koffi';
import { basename } from 'node:path';
import { UnsupportedError } from '../runtime/errors.ts';

/** MPI_Request or another handle: MPICH's are ints, the others' pointers; both fit. Written by MPI. */
export type RequestHandle = BigInt64Array;

/**
 * The functions, without communicator and datatype. None waits for other ranks: what is started is done when `test` says so, and of moving
 * functions one may be under way at a time. Each throws UnsupportedError when MPI reports an error.
 */
export interface MpiLibrary {
  /** "Open MPI 4.1.4". */
  readonly version: string;
  readonly rank: number;
  readonly size: number;
  /**
   * Of `bytes`, shares of these sizes one behind the other, every rank gets the others' versions of its own share, in the order of the ranks. The place of
   * its own version is left alone.
   */
  startExchange(
    bytes: Uint8Array,
    sizes: readonly number[],
    receive: Uint8Array,
    request: RequestHandle,
  ): void;
  /** Every rank's version of its own share goes to all, into `bytes`. */
  startGather(bytes: Uint8Array, sizes: readonly number[], request: RequestHandle): void;
  startBroadcast(bytes: Uint8Array, root: number, request: RequestHandle): void;
  startAllGather(send: Uint8Array, receive: Uint8Array, request: RequestHandle): void;
  startBarrier(request: RequestHandle): void;
  /** Sends a few bytes. The request may be left alone: `bytes` must then live as long as the process. */
  startSend(bytes: Uint8Array, to: number, tag: number, request: RequestHandle): void;
  /** Takes a message of this length that `probe` has seen. */
  receive(bytes: Uint8Array, from: number, tag: number): void;
  /** Whether a message from that rank is there to be received. */
  probe(from: number, tag: number): boolean;
  /** Whether a request is complete; it is gone then. */
  test(request: RequestHandle): boolean;
  abort(code: number): void;
  finalize(): void;
}

/**
 * What differs between families. MPICH (Intel MPI, MVAPICH and Cray's keep its binary interface): handles are ints with fixed values, mpi.h.
 * Open MPI: addresses of global symbols. The standard ABI of MPI 5 (chapter 20 and appendix A): pointers with fixed values.
 */
interface FamilyFacts {
  readonly handle: 'int' | 'void *';
  readonly world: number | bigint | string;
  readonly byte: number | bigint | string;
  readonly statusIgnore: bigint;
  /** MPI_IN_PLACE. */
  readonly inPlace: bigint;
  /** MPI_THREAD_FUNNELED: there are other threads, which do not call MPI. */
  readonly funneled: number;
  /** Sonames, the likeliest first. */
  readonly libraries: readonly string[];
  readonly packages: string;
}

const FAMILIES: Record<MpiFamily, FamilyFacts> = {
  openmpi: {
    handle: 'void *',
    world: 'ompi_mpi_comm_world',
    byte: 'ompi_mpi_byte',
    statusIgnore: 0n,
    inPlace: 1n,
    funneled: 1,
    libraries: ['libmpi.so.40', 'libmpi.so.80', 'libmpi.40.dylib'],
    packages: 'libopenmpi3 on Debian 12',
  },
  mpich: {
    handle: 'int',
    world: 0x44000000,
    byte: 0x4c00010d,
    statusIgnore: 1n,
    // (void *) -1
    inPlace: 2n ** 64n - 1n,
    funneled: 1,
    libraries: ['libmpich.so.12', 'libmpi.so.12', 'libmpi_cray.so.12', 'libmpi.12.dylib'],
    packages: 'libmpich12 on Debian 12',
  },
  abi: {
    handle: 'void *',
    world: 0x101n,
    byte: 0x247n,
    statusIgnore: 0n,
    inPlace: 1n,
    funneled: 1024,
    libraries: ['libmpi_abi.so.1', 'libmpi_abi.so.0', 'libmpi_abi.so'],
    packages: 'an MPI 5 with its standard ABI, such as MPICH 5',
  },
};

type Koffi = typeof koffiModule;
type Handle = ReturnType<Koffi['load']>;

/** The family of a library that somebody named: by its file's name, its symbols, and what it says of itself. Null: unknown. */
function familyOf(library: Handle, path: string): MpiFamily | null {
  if (/mpi_abi/.test(basename(path))) return 'abi';
  try {
    library.symbol('ompi_mpi_comm_world');
    return 'openmpi';
  } catch {
    return /mpich|intel|mvapich/i.test(versionOf(library)) ? 'mpich' : null;
  }
}

/** What MPI_Get_library_version says, which may be called before MPI_Init; empty where there is no such function. */
function versionOf(library: Handle): string {
  // MPI_MAX_LIBRARY_VERSION_STRING is 8192 at most.
  const text = Buffer.alloc(8192);
  const length = new Int32Array(1);
  try {
    library.func('MPI_Get_library_version', 'int', ['void *', 'void *'])(text, length);
  } catch {
    return '';
  }
  return text.toString('utf8', 0, length[0]);
}

/** "MPICH 4.0.2" of MPICH's table of build details, "Open MPI 4.1.4" of Open MPI's sentence. */
function shortVersion(text: string): string {
  const open = /Open MPI v?[\d.]+/.exec(text)?.[0].replace(' v', ' ');
  const mpich = /MPICH Version:\s*([\w.]+)/.exec(text)?.[1];
  return open ?? (mpich === undefined ? (text.split('\n')[0] ?? '') : `MPICH ${mpich}`);
}

/** Where shares of these sizes begin that lie one behind the other. */
function offsetsOf(sizes: readonly number[]): Int32Array {
  let end = 0;
  return Int32Array.from(sizes, (length) => (end += length) - length);
}

interface Loaded {
  readonly library: Handle;
  readonly family: MpiFamily;
}

async function importKoffi(launcher: string): Promise<Koffi> {
  try {
    return (await import('koffi')).default;
  } catch (cause) {
    throw new UnsupportedError(
      `started by ${launcher}, but MPI is reached through the package koffi, which is not installed: npm install koffi ` +
        '(or set CALM_MPI=none: every process then works by itself)',
      { cause },
    );
  }
}

/** Loads the library that belongs to the launcher, or the one that CALM_MPI names. */
function load(koffi: Koffi, { launcher, family }: LaunchedRank, named: string | undefined): Loaded {
  if (named !== undefined) {
    let library: Handle;
    try {
      library = koffi.load(named, { global: true });
    } catch (cause) {
      throw new UnsupportedError(`CALM_MPI=${named} cannot be loaded: ${String(cause)}`, { cause });
    }
    const found = familyOf(library, named);
    if (found === null) {
      throw new UnsupportedError(
        `CALM_MPI=${named} belongs to no known family of MPI libraries; wanted MPICH (or one with its binary interface), Open MPI, ` +
          `or libmpi_abi.so of MPI 5`,
      );
    }
    return { library, family: found };
  }
  const families: readonly MpiFamily[] = family === null ? ['openmpi', 'mpich', 'abi'] : [family, 'abi'];
  const tried: string[] = [];
  for (const candidate of families) {
    for (const name of FAMILIES[candidate].libraries) {
      try {
        // For all to see: Open MPI's plug-ins look for its symbols.
        return { library: koffi.load(name, { global: true }), family: candidate };
      } catch {
        tried.push(name);
      }
    }
  }
  const packages = families.map((name) => FAMILIES[name].packages).join(', or ');
  throw new UnsupportedError(
    `started by ${launcher}, but its MPI library is not to be found (tried ${tried.join(', ')}); install it (${packages}), ` +
      'or name it with CALM_MPI=/path/to/lib',
  );
}

/**
 * Loads and initialises MPI for a process that a launcher started.
 * @throws UnsupportedError saying what is missing or does not fit
 */
export async function initialiseMpi(
  launched: LaunchedRank,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<MpiLibrary> {
  const koffi = await importKoffi(launched.launcher);
  const { library, family } = load(koffi, launched, environment['CALM_MPI']);
  const facts = FAMILIES[family];
  const { handle, statusIgnore, inPlace } = facts;
  const value = (of: number | bigint | string): unknown => (typeof of === 'string' ? library.symbol(of) : of);
  const [world, byte] = [value(facts.world), value(facts.byte)];
  const version = shortVersion(versionOf(library)) + (family === 'abi' ? ' through the standard ABI' : '');

  const define = (name: string, types: readonly string[]) => {
    const call = library.func(name, 'int', [...types]);
    const check = (code: number): void => {
      if (code !== 0) throw new UnsupportedError(`${name} of ${version} failed with error ${code}`);
    };
    return (...values: unknown[]): void => check(call(...values) as number);
  };
  const buffer = ['void *', 'int', handle];
  const initialise = define('MPI_Init_thread', ['void *', 'void *', 'int', 'void *']);
  const rankOf = define('MPI_Comm_rank', [handle, 'void *']);
  const sizeOf = define('MPI_Comm_size', [handle, 'void *']);
  const pieces = ['void *', 'void *', 'void *', handle];
  const startAllToAllPieces = define('MPI_Ialltoallv', [...pieces, ...pieces, handle, 'void *']);
  const startAllGatherPieces = define('MPI_Iallgatherv', [...buffer, ...pieces, handle, 'void *']);
  const startBroadcast = define('MPI_Ibcast', [...buffer, 'int', handle, 'void *']);
  const startAllGather = define('MPI_Iallgather', [...buffer, ...buffer, handle, 'void *']);
  const startBarrier = define('MPI_Ibarrier', [handle, 'void *']);
  const startSend = define('MPI_Isend', [...buffer, 'int', 'int', handle, 'void *']);
  const receive = define('MPI_Recv', [...buffer, 'int', 'int', handle, 'void *']);
  const probe = define('MPI_Iprobe', ['int', 'int', handle, 'void *', 'void *']);
  const test = define('MPI_Test', ['void *', 'void *', 'void *']);
  const abort = define('MPI_Abort', [handle, 'int']);
  const finalize = define('MPI_Finalize', []);

  const number = (fill: (target: Int32Array) => void): number => {
    const target = new Int32Array(1);
    fill(target);
    return target[0] ?? 0;
  };
  const provided = number((target) => initialise(null, null, facts.funneled, target));
  if (provided < facts.funneled) {
    throw new UnsupportedError(
      `${version} bears no other threads in the process (level ${provided}); wanted a build with MPI_THREAD_FUNNELED`,
    );
  }
  const size = number((target) => sizeOf(world, target));
  if (launched.size > 1 && size === 1) {
    throw new UnsupportedError(
      `started by ${launched.launcher} as rank ${launched.rank} of ${launched.size}, but ${version} sees one process: launcher and library ` +
        'do not belong together; name the right library with CALM_MPI=/path/to/lib',
    );
  }
  const rank = number((target) => rankOf(world, target));
  const flag = new Int32Array(1);
  /** Sizes and offsets that MPI reads until the call under way is done. */
  let inUse: Int32Array[] = [];
  return {
    version,
    rank,
    size,
    startExchange(bytes, sizes, receive, request) {
      const own = sizes[rank] ?? 0;
      // What a rank would send itself is there already.
      const sent = Int32Array.from(sizes, (length, to) => (to === rank ? 0 : length));
      const received = Int32Array.from(sizes, (_, from) => (from === rank ? 0 : own));
      const offsets = Int32Array.from(sizes, (_, from) => from * own);
      inUse = [sent, offsetsOf(sizes), received, offsets];
      const sending = [bytes, sent, inUse[1], byte];
      startAllToAllPieces(...sending, receive, received, offsets, byte, world, request);
    },
    startGather(bytes, sizes, request) {
      inUse = [Int32Array.from(sizes), offsetsOf(sizes)];
      startAllGatherPieces(inPlace, 0, byte, bytes, ...inUse, byte, world, request);
    },
    startBroadcast: (bytes, root, request) => startBroadcast(bytes, bytes.length, byte, root, world, request),
    startAllGather: (send, receive, request) =>
      startAllGather(send, send.length, byte, receive, send.length, byte, world, request),
    startBarrier: (request) => startBarrier(world, request),
    startSend: (bytes, to, tag, request) => startSend(bytes, bytes.length, byte, to, tag, world, request),
    receive: (bytes, from, tag) => receive(bytes, bytes.length, byte, from, tag, world, statusIgnore),
    probe(from, tag) {
      probe(from, tag, world, flag, statusIgnore);
      return flag[0] !== 0;
    },
    test(request) {
      test(request, flag, statusIgnore);
      return flag[0] !== 0;
    },
    abort: (code) => abort(world, code),
    finalize: () => finalize(),
  };
}
