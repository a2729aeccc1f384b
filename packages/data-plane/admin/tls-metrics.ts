import type { TlsCounters } from '../net/tls/counters.ts';

/** Envoy's `ssl.*` statistics, which listeners and clusters have alike. */
export const tlsMetrics: readonly {
  readonly name: string;
  readonly help: string;
  readonly value: (counters: TlsCounters) => number;
}[] = [
  { name: 'ssl_handshake', help: 'TLS handshakes that succeeded.', value: (of) => of.handshakes },
  { name: 'ssl_session_reused', help: 'TLS sessions that were resumed.', value: (of) => of.sessionsReused },
  {
    name: 'ssl_no_certificate',
    help: 'TLS handshakes that succeeded without a certificate of the peer.',
    value: (of) => of.withoutCertificate,
  },
  {
    name: 'ssl_fail_verify_no_cert',
    help: 'TLS handshakes that failed for want of a certificate.',
    value: (of) => of.refused['no-certificate'],
  },
  {
    name: 'ssl_fail_verify_error',
    help: 'TLS handshakes whose certificate was not to be trusted.',
    value: (of) => of.refused['verify-error'],
  },
  {
    name: 'ssl_fail_verify_san',
    help: 'TLS handshakes whose certificate was of somebody else.',
    value: (of) => of.refused['verify-name'],
  },
  {
    name: 'ssl_connection_error',
    help: 'TLS handshakes that failed otherwise.',
    value: (of) => of.refused['connection-error'],
  },
];
