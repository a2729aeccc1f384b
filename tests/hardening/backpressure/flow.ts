import { Readable, type Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

const piece = Buffer.alloc(64 * 1024, 'x');
const stepBytes = 4 * 1024 * 1024;
const restMs = 15;

/** `size` bytes, as fast as they are taken. */
function source(size: number): Readable {
  let left = size;
  return new Readable({
    highWaterMark: 256 * 1024,
    read() {
      while (left > 0) {
        const part = left >= piece.length ? piece : piece.subarray(0, left);
        left -= part.length;
        if (!this.push(part)) return;
      }
      this.push(null);
    },
  });
}

/** Sends `size` bytes as fast as they are taken, and the end. */
export function pour(size: number, into: Writable): Promise<void> {
  source(size).pipe(into);
  return finished(into, { readable: false });
}

/** Reads to the end, resting now and then so that everything before it is full. Returns how much there was. */
export async function sip(from: Readable): Promise<number> {
  let read = 0;
  let rested = 0;
  // An iterator destroys what it has read to the end, and with it the way back.
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    read += (chunk as Buffer).length;
    if (read - rested < stepBytes) continue;
    rested = read;
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
  return read;
}
