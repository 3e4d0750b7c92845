/** A process with one of the JavaScript peers in it: `node serve.ts NAME` answers the protocol on its standard streams. */
import { createInterface } from 'node:readline';
import type { Answers, Failure, Request } from './protocol.ts';
import type { Contender, Peer } from './peer.ts';
import { loadTensors, storeTensors } from './protocol.ts';
import { NotOffered, reasonOf } from './peer.ts';
import { openInProcess } from './registry.ts';

// Standard output is the protocol's.
console.log = console.error;

function send(answer: Answers[keyof Answers] | Failure): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

function failure(error: unknown): Failure {
  return { error: reasonOf(error), notOffered: error instanceof NotOffered };
}

let contender: Contender | null = null;

function prepared(): Contender {
  if (contender === null) throw new Error('nothing is prepared');
  return contender;
}

async function answer(peer: Peer, request: Request): Promise<Answers[keyof Answers]> {
  switch (request.command) {
    case 'prepare':
      contender = await peer.prepare(request.work, loadTensors(request.inputs));
      return {};
    case 'outputs':
      return { outputs: storeTensors(request.folder, await prepared().outputs()) };
    case 'time':
      return { milliseconds: await prepared().time(request.repetitions) };
    case 'dispose':
      await prepared().dispose();
      contender = null;
      return {};
    case 'close':
      // Read before closing, which may free much and allocate nothing; kilobytes on every system.
      return { peakMegabytes: process.resourceUsage().maxRSS / 1024 };
  }
}

async function serve(name: string): Promise<void> {
  const peer = await openInProcess(name);
  send({ name: peer.name, versions: peer.versions });
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request;
    try {
      send(await answer(peer, request));
    } catch (error) {
      send(failure(error));
    }
    if (request.command === 'close') break;
  }
  await peer.close();
}

try {
  await serve(process.argv[2] ?? '');
} catch (error) {
  send(failure(error));
}
// Libraries that keep a device open would keep the process.
process.exit();
