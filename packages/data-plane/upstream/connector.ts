import type { LookupFunction, NetConnectOpts, Socket } from 'node:net';
import { connect } from 'node:net';
import type { UpstreamTls } from '@tulle/decision/tables/tls';
import type { StartTls } from '../net/tls/client.ts';
import { systemPath } from '../net/unix-socket.ts';
import type { Timer, TimerWheel } from '../timers/wheel.ts';

export type Target =
  | {
      /** Name or address. */
      readonly host: string;
      readonly port: number;
      /** Resolves names; absent when `host` is an address. */
      readonly lookup?: LookupFunction;
    }
  /** A Unix socket. Only configuration names one, never a request. */
  | { readonly path: string };

export type ConnectError = 'timeout' | 'unresolved' | 'refused' | 'tls';

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
  /** Written before anything else, TLS included: a PROXY header. */
  preface?: Buffer,
) => () => void;

/** TCP, then TLS where asked; the time covers both, as Envoy's connect_timeout. */
export function createConnector(wheel: TimerWheel, startTls: StartTls): Connector {
  return (target, tls, timeoutMs, callbacks, preface) => {
    let settled = false;
    const socket = connect({ ...destination(target), allowHalfOpen: true });
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
    const onError = ({ syscall, code, message }: NodeJS.ErrnoException): void =>
      fail(syscall === 'getaddrinfo' ? 'unresolved' : 'refused', code ?? message);
    const succeed = (ready: Socket): void => {
      if (settle()) callbacks.onConnected(ready);
    };
    const onConnect = (): void => {
      if (preface !== undefined) socket.write(preface);
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

function destination(target: Target): NetConnectOpts {
  if ('path' in target) return { path: systemPath(target.path) };
  const { host, port, lookup } = target;
  const base = { host, port, noDelay: true, autoSelectFamily: lookup !== undefined };
  return lookup === undefined ? base : { ...base, lookup };
}

function ignore(): void {}
