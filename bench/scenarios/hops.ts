import type { Backend } from '../peers/backend.ts';
import type { Hop, Peer, Protocol, Shape } from '../peers/peer.ts';
import { freePort } from '../system/program.ts';
import type { Bench, Subject } from './scenario.ts';

/** Each peer that can, with these hops in a row before the backend: the last one named is the first of the way. */
export async function hopsOf(bench: Bench, shapes: readonly Shape[]): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const peer of bench.peers) {
    if (shapes.every(({ protocol }) => peer.protocols.includes(protocol)))
      subjects.push(await start(bench, peer, shapes));
  }
  return subjects;
}

async function start(bench: Bench, peer: Peer, shapes: readonly Shape[]): Promise<Subject> {
  const { folder, certificates, backend } = bench;
  const hops: Hop[] = [];
  let port = portOf(backend, shapes[0]?.protocol);
  for (const shape of shapes) {
    const upstreamPort = port;
    port = await freePort();
    hops.push(await peer.start({ shape, port, upstreamPort, certificates, folder }));
  }
  const [first] = hops;
  return {
    peer: peer.name,
    port,
    host: 'server',
    pids: hops.map(({ program }) => program.pid),
    ...(first?.allocatedBytes === undefined
      ? {}
      : {
          allocatedBytes: async () => {
            const each = await Promise.all(hops.map((hop) => hop.allocatedBytes?.() ?? 0));
            return each.reduce((sum, bytes) => sum + bytes, 0);
          },
        }),
    stop: async () => {
      await Promise.all(hops.map(({ program }) => program.stop()));
    },
  };
}

/** The backend without any proxy: what the proxies add is counted from here. */
export function direct({ backend }: Bench, protocol: Protocol = 'http1'): Subject {
  return { peer: 'direct', port: portOf(backend, protocol), host: 'server', pids: [], stop: async () => {} };
}

const portOf = ({ port, http2Port }: Backend, protocol: Protocol | undefined): number =>
  protocol === 'http2' ? http2Port : port;
