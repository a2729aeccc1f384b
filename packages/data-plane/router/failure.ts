import type { AttemptFailure } from '@tulle/decision/retry';
import type { ResetReason } from '../http/stream.ts';
import type { ResponseFlag } from '../telemetry/response-flags.ts';
import type { PoolFailure } from '../upstream/pool/lease.ts';

/** How an attempt failed before its response began, in all the words that are needed of it. */
export interface Failure {
  readonly kind: AttemptFailure;
  /** Response flag. */
  readonly flag: ResponseFlag;
  readonly status: number;
  /** As Envoy's body says it after `reset reason: `. */
  readonly reason: string;
  /** Why the connection could not be made. */
  readonly transport: string;
}

/** No connection was to be had. */
export function poolFailure(failure: PoolFailure, detail: string): Failure {
  switch (failure) {
    case 'overflow':
      return { kind: 'overflow', flag: 'UO', status: 503, reason: 'overflow', transport: '' };
    case 'timeout':
      return {
        kind: 'connect-failure',
        flag: 'UF',
        status: 503,
        reason: 'connection timeout',
        transport: '',
      };
    case 'unresolved':
    case 'refused':
      return {
        kind: 'connect-failure',
        flag: failure === 'unresolved' ? 'DF' : 'UF',
        status: 503,
        reason: 'remote connection failure',
        transport: `delayed connect error: ${detail}`,
      };
    case 'tls':
      return {
        kind: 'connect-failure',
        flag: 'UF',
        status: 503,
        reason: 'remote connection failure',
        transport: `TLS_error: ${detail}`,
      };
  }
}

/** The stream was reset before the response's head. */
export function resetFailure(reason: ResetReason): Failure {
  switch (reason) {
    case 'connection-termination':
      return { kind: 'reset', flag: 'UC', status: 503, reason: 'connection termination', transport: '' };
    case 'remote-reset':
      return { kind: 'reset', flag: 'UR', status: 503, reason: 'remote reset', transport: '' };
    case 'connection-failure':
      return {
        kind: 'connect-failure',
        flag: 'UF',
        status: 503,
        reason: 'remote connection failure',
        transport: '',
      };
    case 'protocol-error':
      return { kind: 'reset', flag: 'UPE', status: 502, reason: 'protocol error', transport: '' };
    case 'refused-stream':
      return {
        kind: 'refused-stream',
        flag: 'UR',
        status: 503,
        reason: 'remote refused stream reset',
        transport: '',
      };
    case 'overflow':
      return { kind: 'overflow', flag: 'UO', status: 503, reason: 'overflow', transport: '' };
    case 'local-reset':
      return { kind: 'reset', flag: 'LR', status: 503, reason: 'local reset', transport: '' };
  }
}

export const perTryTimeout: Failure = {
  kind: 'per-try-timeout',
  flag: 'UT',
  status: 504,
  reason: 'per-try timeout',
  transport: '',
};

/** The body of the reply. */
export function failureBody(failure: Failure, attempts: number): string {
  if (failure.kind === 'per-try-timeout') return 'upstream request timeout';
  const how = attempts > 1 ? 'retried and the latest reset reason' : 'reset reason';
  const why = failure.transport === '' ? '' : `, transport failure reason: ${failure.transport}`;
  return `upstream connect error or disconnect/reset before headers. ${how}: ${failure.reason}${why}`;
}

/** Response code details. */
export function failureDetails(failure: Failure): string {
  if (failure.kind === 'per-try-timeout') return 'upstream_per_try_timeout';
  const inside = failure.transport === '' ? failure.reason : `${failure.reason}|${failure.transport}`;
  return `upstream_reset_before_response_started{${inside.replaceAll(' ', '_')}}`;
}
