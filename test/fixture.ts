/** Fixtures for tests that run on Node and in a page alike. */

/** The bytes of a file below test/fixtures: from the disk, or in a page from the test server. A `.gz` file comes unpacked. */
export async function readFixture(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const base = import.meta.url;
  const bytes = await read(new URL(`fixtures/${path}`, base));
  // The test server hands a .gz file out as an encoding, which the browser has undone by now.
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

/** A JSON file below test/fixtures, parsed. */
export async function readJsonFixture(path: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await readFixture(path)));
}

async function read(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  if (url.protocol === 'file:') {
    const { readFile } = await import('node:fs/promises');
    return new Uint8Array(await readFile(url));
  }
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}
