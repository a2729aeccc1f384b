import { readFileSync } from 'node:fs';
import { childProxy } from '../child-proxy.ts';
import type { Lane } from './lanes.ts';

const pageBytes = 4096;
/** What a first transfer costs once (buffers, compiled code) is no growth. */
const warmUp = 32 * 1024 * 1024;

export interface Measured {
  readonly received: number;
  /** Of the proxy's RSS over the transfer, without any garbage collection that it was not going to do. */
  readonly growthBytes: number;
  readonly seconds: number;
}

/** Moves `size` bytes through a proxy of its own to someone who reads more slowly than they are sent. */
export async function moved(lane: Lane, way: 'download' | 'upload', size: number): Promise<Measured> {
  let serving = warmUp;
  const server = await lane.serve(() => serving);
  const proxy = await childProxy({ ...lane.shape, backendPort: server.port });
  const rss = (): number =>
    Number(readFileSync(`/proc/${proxy.pid}/statm`, 'latin1').split(' ')[1]) * pageBytes;
  const move = (bytes: number): Promise<number> => {
    serving = bytes;
    return way === 'download' ? lane.download(proxy.port) : lane.upload(proxy.port, bytes);
  };
  try {
    await move(warmUp);
    const before = rss();
    let most = before;
    const watching = setInterval(() => {
      most = Math.max(most, rss());
    }, 20);
    const started = performance.now();
    const received = await move(size);
    clearInterval(watching);
    return { received, growthBytes: most - before, seconds: (performance.now() - started) / 1_000 };
  } finally {
    await proxy.close();
    server.close();
  }
}
