/** A thread of the decoder pool: takes paths, gives resized pictures. */
import type { DecodeReply, DecodeRequest } from './decoder_pool.node.ts';
import { ImageDecodeError } from './image.ts';
import { parentPort } from 'node:worker_threads';
import { resizedPicture } from './resized_picture.node.ts';

const port = parentPort;
if (!port) throw new Error('decode_worker.node.ts is started by createDecoderPool');

port.on('message', (request: DecodeRequest) => void answer(request));

async function answer({ id, source, side }: DecodeRequest): Promise<void> {
  const reply = (message: DecodeReply, transfer: ArrayBuffer[]): void => {
    port?.postMessage(message, transfer);
  };
  try {
    const data = await resizedPicture(source, side);
    reply({ id, data }, [data.buffer]);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reply({ id, message, bad: error instanceof ImageDecodeError }, []);
  }
}
