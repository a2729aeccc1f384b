import { removeTable } from '@tulle/data-plane/net/capture/ruleset';
import { readCgroupMount, sweepCgroups } from './cgroup-tree.ts';
import { inetTables, type Nft, nft } from './nft.ts';
import { isAbandoned } from './owner.ts';

/**
 * Removes rules and groups whose owner was killed, of this mesh or another. Who may not, or has no nft, has made none.
 * @returns the tables that are gone
 */
export async function sweepCapture(run: Nft = nft): Promise<readonly string[]> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return [];
  const home = readCgroupMount();
  if (home !== undefined) sweepCgroups(home);
  const abandoned = (await inetTables(run).catch(() => [])).filter(isAbandoned);
  if (abandoned.length > 0) await run(['-f', '-'], abandoned.map(removeTable).join(''));
  return abandoned;
}
