import { describe } from 'vitest';
import { whyNoNamespaces } from '../network-namespace.ts';
import { describeWithPeers } from './peer.ts';

const reason = whyNoNamespaces();
if (reason !== undefined) process.stderr.write(`SKIPPED: capture needs network namespaces: ${reason}\n`);

/** A suite that changes network rules, in namespaces of its own: run where they can be made. */
export function describeCaptured(title: string, peers: readonly string[], suite: () => void): void {
  const tools = ['nftables', 'iproute2', 'bind9-dnsutils', 'curl', 'openssl'];
  if (reason === undefined) describeWithPeers(title, [...tools, ...peers], suite);
  else describe.skip(`${title} (${reason})`, suite);
}
