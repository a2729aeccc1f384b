import type { Http2Options } from '@tulle/decision/tables/http-manager';
import { Http1Client } from '../../http1/client/client.ts';
import { defaultHttp1Limits } from '../../http1/limits.ts';
import { Http2Client } from '../../http2/client.ts';
import { limitsOf } from '../../http2/limits.ts';
import type { Outboxes } from '../../net/outbox.ts';
import type { TimerWheel } from '../../timers/wheel.ts';
import type { OpenClientCodec } from './client-connection.ts';

/** The codecs of upstream connections. */
export function createOpenCodec(timers: TimerWheel, outboxes: Outboxes): OpenClientCodec {
  return (socket, http2: Http2Options | undefined, { onAvailable, onDraining, onClose }) =>
    http2 === undefined
      ? new Http1Client(socket, { limits: defaultHttp1Limits, outboxes, onIdle: onAvailable, onClose })
      : new Http2Client(socket, {
          limits: limitsOf(http2),
          ...(http2.keepalive === undefined ? {} : { keepalive: http2.keepalive }),
          timers,
          outboxes,
          onAvailable,
          onDraining,
          onClose,
        });
}
