import type { Socket } from 'node:net';
import type { Listener } from '@tulle/decision/tables/listener';
import type { TimerWheel } from '../../timers/wheel.ts';
import { declareAddresses } from '../addresses.ts';
import { readFirstBytes } from '../sniffing/first-bytes.ts';
import { type ProxyHeader, readProxyHeader } from './proxy-header.ts';

/** A proxy sends its header at once; whoever doesn't is none. */
const headerMs = 5_000;

/**
 * Takes the PROXY header off `socket` and believes it. `onGone`: there was none where there must be one, or a
 * wrong one (`why`), or the client left (no `why`); the socket is destroyed.
 */
export function takeProxyHeader(
  socket: Socket,
  { versions, optional }: NonNullable<Listener['proxyProtocol']>,
  timers: TimerWheel,
  done: () => void,
  onGone: (why?: 'invalid' | 'timeout') => void,
): void {
  type Finding = ProxyHeader | 'invalid' | 'none';
  const judge = (bytes: Buffer): Finding | 'more' => {
    const header = readProxyHeader(bytes);
    if (header === 'none') return optional ? 'none' : 'invalid';
    if (typeof header === 'object' && !versions.includes(header.version)) return 'invalid';
    return header;
  };
  readFirstBytes<Finding>(
    socket,
    {
      timers,
      timeoutMs: headerMs,
      decide: (seen) => {
        const finding = judge(seen);
        if (finding === 'more') return finding;
        return { finding, used: typeof finding === 'object' ? finding.length : 0 };
      },
      atEnd: () => (optional ? 'none' : 'invalid'),
    },
    (outcome) => {
      if (outcome === 'gone') onGone();
      else if (outcome === 'invalid' || outcome === 'timeout' || outcome === 'stalled') {
        socket.destroy();
        onGone(outcome === 'invalid' ? 'invalid' : 'timeout');
      } else {
        if (typeof outcome === 'object' && outcome.addresses !== undefined)
          declareAddresses(socket, outcome.addresses);
        done();
      }
    },
  );
}
