import type { LookupFunction, Socket } from 'node:net';
import { connect } from 'node:net';
import type { UpstreamTls } from '@tulle/decision/tables';
import type { StartTls } from '../net/tls-client.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';

export interface Target {
  /** Name or address. */
  readonly host: string;
  readonly port: number;
  /** Resolves names; absent when `host` is an address. */
  readonly lookup?: LookupFunction;
}

export type ConnectError = 'timeout' | 'refused' | 'tls';

export interface ConnectCallbacks {
  onConnected(socket: Socket): void;
  /** Exactly one of both is called, unless cancelled. */
  onFailed(error: ConnectError, detail: string): void;
}

/** Opens a connection to an endpoint, in plain text or TLS. Returns what cancels it. */
export type Connector = (
  target: Target,
  tls: UpstreamTls | undefined,
  timeoutMs: number,
  callbacks: ConnectCallbacks,
) => () => void;

/** TCP, then TLS where asked; the time covers both, as Envoy's connect_timeout. */
export function createConnector(wheel: TimerWheel, startTls: StartTls): Connector {
  return (target, tls, timeoutMs, callbacks) => {
    let settled = false;
    const socket = connect({
      host: target.host,
      port: target.port,
      noDelay: true,
      allowHalfOpen: true,
      autoSelectFamily: target.lookup !== undefined,
      ...(target.lookup === undefined ? {} : { lookup: target.lookup }),
    });
    let current = socket;
    const timer: Timer = wheel.timer(() => fail('timeout', 'connection timeout'));
    if (timeoutMs > 0) timer.start(timeoutMs);

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      timer.stop();
      socket.off('error', onError);
      socket.off('connect', onConnect);
      return true;
    };
    const fail = (error: ConnectError, detail: string): void => {
      if (!settle()) return;
      abandon();
      callbacks.onFailed(error, detail);
    };
    const abandon = (): void => {
      // Errors that come while it dies concern nobody.
      socket.on('error', ignore);
      current.on('error', ignore);
      current.destroy();
      socket.destroy();
    };
    const onError = (error: NodeJS.ErrnoException): void => fail('refused', error.code ?? error.message);
    const succeed = (ready: Socket): void => {
      if (settle()) callbacks.onConnected(ready);
    };
    const onConnect = (): void => {
      if (tls === undefined) {
        succeed(socket);
        return;
      }
      startTls(socket, tls, {
        onSecure: (secured) => {
          current = secured;
          if (settled) abandon();
          else succeed(secured);
        },
        onFailed: (detail) => fail('tls', detail),
      });
    };
    socket.on('error', onError);
    socket.on('connect', onConnect);
    return () => {
      if (settle()) abandon();
    };
  };
}

function ignore(): void {}
