import type { Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { readFile } from 'node:fs/promises';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
};

export interface ServedFolder {
  readonly url: string;
  readonly server: Server;
}

async function answer(path: string, response: ServerResponse): Promise<void> {
  try {
    const content = await readFile(path);
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(content);
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('There is no such file.');
  }
}

/** Serves a folder's files on the loopback interface; port 0: any that is free. Rejects when the port is taken. */
export function serveFolder(folder: string, port: number): Promise<ServedFolder> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    // Normalised from the root, so that no path leads out of the folder.
    const path = normalize(decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname));
    void answer(join(folder, path), response);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      const used = typeof address === 'object' && address !== null ? address.port : port;
      resolve({ url: `http://127.0.0.1:${used}/`, server });
    });
  });
}
