import type { BandwidthLimit } from '@tulle/decision/tables/bandwidth';
import type { ConnectionInfo } from '../http/connection-info.ts';
import type { Pacer, Pacers } from './pacer.ts';

export interface ConnectionPacers {
  readonly request: Pacer | undefined;
  readonly response: Pacer | undefined;
}

/** Whom a connection's bytes wait for. @param client the address that trusted proxies name */
export function pacersOf(
  limit: BandwidthLimit,
  pacers: Pacers,
  connection: ConnectionInfo,
  client: string = connection.remoteAddress,
): ConnectionPacers {
  const { name, scope, requestBytesPerSecond, responseBytesPerSecond } = limit;
  const pacer = (way: string, rate: number | undefined): Pacer | undefined => {
    if (rate === undefined) return undefined;
    const key = `${name} ${way}`;
    if (scope === 'proxy') return pacers.shared(key, rate);
    if (scope === 'source') return pacers.ofSource(key, rate, connection.tls?.peerUri ?? client);
    const memo = `bandwidth ${key} ${rate}`;
    const known = connection.memo.get(memo) as Pacer | undefined;
    if (known !== undefined) return known;
    const own = pacers.own(rate);
    connection.memo.set(memo, own);
    return own;
  };
  return {
    request: pacer('request', requestBytesPerSecond),
    response: pacer('response', responseBytesPerSecond),
  };
}
