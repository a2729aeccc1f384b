import type { UpstreamTls } from '@tulle/decision/tables/tls';
import type { TimerWheel } from '../../timers/wheel.ts';
import type { Breakers } from '../breakers.ts';
import type { Connector } from '../connector.ts';
import type { EndpointState } from '../endpoint.ts';
import type { OpenClientCodec } from './client-connection.ts';
import type { PoolProtocol } from './lease.ts';
import type { PoolSettings } from './settings.ts';

export interface PoolOptions {
  readonly endpoint: EndpointState;
  readonly tls: UpstreamTls | undefined;
  readonly protocol: PoolProtocol;
  readonly settings: PoolSettings;
  readonly breakers: Breakers;
  /** What connections begin with, before TLS. */
  readonly preface: Buffer | undefined;
  readonly connector: Connector;
  readonly openCodec: OpenClientCodec;
  readonly wheel: TimerWheel;
  /** Nothing left in it. */
  onEmpty(): void;
}
