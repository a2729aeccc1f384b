/** Hosts of one priority, as far as sharing out requests among priorities looks at them. */
export interface LevelHealth {
  readonly hosts: number;
  readonly healthy: number;
}

export interface LevelShare {
  /** Of all requests, in percent. The sum over levels is 100, where there is a host at all. */
  readonly load: number;
  /** Too few are healthy: all hosts of the level are used. */
  readonly panic: boolean;
}

/** Envoy's: a priority counts as whole while 1 / 1.4 of it is healthy. */
const overprovisioning = 1.4;

/** How much of its requests a part of the hosts can carry, in percent. */
export const availability = ({ hosts, healthy }: LevelHealth): number =>
  hosts === 0 ? 0 : Math.min(100, (healthy / hosts) * 100 * overprovisioning);

/**
 * Envoy's shares of priority levels, the first one preferred: a level takes what the levels before it can't carry.
 * When all together can't carry everything, their shares grow in proportion, and levels below the panic threshold
 * use unhealthy hosts too; when every level is below it, shares go by their numbers of hosts.
 *
 * @param panicPercent 0: unhealthy hosts are never used
 */
export function shareLevels(levels: readonly LevelHealth[], panicPercent: number): readonly LevelShare[] {
  const available = levels.map(availability);
  const total = Math.min(
    100,
    available.reduce((sum, each) => sum + each, 0),
  );
  const panic = levels.map(
    ({ hosts, healthy }) => total < 100 && hosts > 0 && (healthy / hosts) * 100 < panicPercent,
  );
  const hosts = levels.reduce((sum, level) => sum + level.hosts, 0);
  if (hosts > 0 && levels.every((level, i) => panic[i] || level.hosts === 0))
    return levels.map((level) => ({ load: (level.hosts / hosts) * 100, panic: level.hosts > 0 }));
  let left = 100;
  return levels.map((_, i) => {
    const load = total === 0 ? 0 : Math.min(left, ((available[i] as number) / total) * 100);
    left -= load;
    return { load, panic: panic[i] as boolean };
  });
}
