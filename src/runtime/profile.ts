/** Bytes moved and floating-point operations of one launch, as the op counts them from its shapes. */
export interface Work {
  readonly bytes: number;
  readonly flops: number;
}

/** One launch as the profiler saw it. Time in milliseconds. */
export interface ProfileSample {
  readonly kernel: string;
  readonly shape: string;
  readonly work: Work | null;
  readonly milliseconds: number;
}

/** All launches of one kernel with one shape. */
export interface ProfileRow {
  readonly kernel: string;
  readonly shape: string;
  readonly calls: number;
  readonly milliseconds: number;
  /** 10^9 bytes and flops per second; null where the op does not count its work. */
  readonly gigabytesPerSecond: number | null;
  readonly gigaflopsPerSecond: number | null;
}

/** A cell of the table. */
function number(value: number | null, digits: number): string {
  return value === null ? '-' : value.toFixed(digits);
}

/** Where the time of a recorded piece of work went, kernel by kernel. */
export class Profile {
  readonly samples: readonly ProfileSample[];

  constructor(samples: readonly ProfileSample[]) {
    this.samples = samples;
  }

  /** Sum of all kernels' times in milliseconds. */
  get milliseconds(): number {
    return this.samples.reduce((sum, sample) => sum + sample.milliseconds, 0);
  }

  /** Rows by kernel and shape, the most expensive first. */
  rows(): ProfileRow[] {
    const groups = Map.groupBy(this.samples, ({ kernel, shape }) => `${kernel}\n${shape}`);
    const rows = [...groups.values()].map((samples): ProfileRow => {
      const milliseconds = samples.reduce((sum, sample) => sum + sample.milliseconds, 0);
      const rate = (key: keyof Work): number | null =>
        samples.every(({ work }) => work !== null)
          ? samples.reduce((sum, { work }) => sum + (work?.[key] ?? 0), 0) / (milliseconds * 1e6)
          : null;
      return {
        kernel: samples[0]?.kernel ?? '',
        shape: samples[0]?.shape ?? '',
        calls: samples.length,
        milliseconds,
        gigabytesPerSecond: rate('bytes'),
        gigaflopsPerSecond: rate('flops'),
      };
    });
    return rows.toSorted((a, b) => b.milliseconds - a.milliseconds);
  }

  /** The table that `console.log(String(profile))` prints. */
  toString(): string {
    const total = this.milliseconds;
    const header = ['kernel', 'shape', 'calls', 'ms', '%', 'GB/s', 'GFLOP/s'];
    const lines = this.rows().map((row) => [
      row.kernel,
      row.shape,
      String(row.calls),
      row.milliseconds.toFixed(3),
      ((100 * row.milliseconds) / total).toFixed(1),
      number(row.gigabytesPerSecond, 2),
      number(row.gigaflopsPerSecond, 2),
    ]);
    const table = [
      header,
      ...lines,
      ['total', '', String(this.samples.length), total.toFixed(3), '', '', ''],
    ];
    const widths = header.map((_, column) => Math.max(...table.map((line) => line[column]?.length ?? 0)));
    const print = (line: string[]): string =>
      line
        .map((cell, column) =>
          column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd();
    return table.map(print).join('\n');
  }
}

interface PendingSample {
  readonly kernel: string;
  readonly shape: string;
  readonly work: Work | null;
}

const QUERIES = 4096;

/** Collects a begin and an end timestamp per dispatch and turns them into samples. */
export class TimestampRecorder {
  readonly #device: GPUDevice;
  readonly #querySet: GPUQuerySet;
  readonly #pending: PendingSample[] = [];
  readonly #batches: { readonly samples: PendingSample[]; readonly buffer: GPUBuffer }[] = [];

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#querySet = device.createQuerySet({ label: 'profile', type: 'timestamp', count: QUERIES });
  }

  get full(): boolean {
    return this.#pending.length * 2 === QUERIES;
  }

  /** The descriptor of the compute pass that holds this one dispatch. */
  pass(sample: PendingSample): GPUComputePassDescriptor {
    const first = this.#pending.push(sample) * 2 - 2;
    return {
      timestampWrites: {
        querySet: this.#querySet,
        beginningOfPassWriteIndex: first,
        endOfPassWriteIndex: first + 1,
      },
    };
  }

  /** Ends a command encoder: copies what was recorded into it out to a buffer that can be mapped. */
  resolve(encoder: GPUCommandEncoder): void {
    const count = this.#pending.length * 2;
    if (count === 0) return;
    const QUERY_RESOLVE_AND_COPY_SOURCE = 0x200 | 0x04;
    const MAP_READ_AND_COPY_DESTINATION = 0x01 | 0x08;
    const resolved = this.#device.createBuffer({ size: count * 8, usage: QUERY_RESOLVE_AND_COPY_SOURCE });
    const buffer = this.#device.createBuffer({ size: count * 8, usage: MAP_READ_AND_COPY_DESTINATION });
    encoder.resolveQuerySet(this.#querySet, 0, count, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, buffer, 0, count * 8);
    this.#batches.push({ samples: this.#pending.splice(0), buffer });
  }

  /** Waits for all resolved timestamps. Call it after the last submit. */
  async finish(wait: <T>(promise: Promise<T>) => Promise<T>): Promise<Profile> {
    const all: ProfileSample[] = [];
    for (const { samples, buffer } of this.#batches) {
      await wait(buffer.mapAsync(0x01));
      const nanoseconds = new BigUint64Array(buffer.getMappedRange());
      samples.forEach((sample, index) => {
        const begin = nanoseconds[2 * index] ?? 0n;
        const end = nanoseconds[2 * index + 1] ?? 0n;
        all.push({ ...sample, milliseconds: Number(end - begin) / 1e6 });
      });
      buffer.destroy();
    }
    this.#querySet.destroy();
    return new Profile(all);
  }
}
