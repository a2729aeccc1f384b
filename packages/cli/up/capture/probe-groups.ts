import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type ProcessSelector, probeRuleset, removeTable } from '@tulle/data-plane/net/capture/ruleset';
import type { Nft } from './nft.ts';

/**
 * Whether nftables here knows a socket by the group of its process. Kernels without that, and those that compare the
 * groups of a container with the host's, would let everything past silently: so it is tried, with a connection of
 * this process, which is in the group by now.
 */
export async function canTellGroups(run: Nft, table: string, own: ProcessSelector): Promise<boolean> {
  try {
    await run(['-f', '-'], probeRuleset(table, own));
    await connectToSelf();
    const listed = JSON.parse(await run(['-j', 'list', 'table', 'inet', table])) as {
      readonly nftables: readonly { readonly counter?: { readonly packets: number } }[];
    };
    return listed.nftables.some(({ counter }) => counter !== undefined && counter.packets > 0);
  } catch {
    // nft refused the rule: the kernel has no such expression.
    return false;
  } finally {
    await run(['-f', '-'], removeTable(table));
  }
}

async function connectToSelf(): Promise<void> {
  const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect(port, '127.0.0.1');
  client.on('error', () => {});
  await once(client, 'close');
  server.close();
}
