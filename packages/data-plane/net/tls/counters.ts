/** How a handshake was refused, in the classes that Envoy counts. */
export type TlsRefusal = 'connection-error' | 'no-certificate' | 'verify-error' | 'verify-name' | 'timeout';

/** Handshakes of one side, as Envoy's `ssl.*` statistics. */
export class TlsCounters {
  handshakes = 0;
  sessionsReused = 0;
  /** Handshakes that succeeded without a certificate of the peer. */
  withoutCertificate = 0;
  readonly refused: Record<TlsRefusal, number> = {
    'connection-error': 0,
    'no-certificate': 0,
    'verify-error': 0,
    'verify-name': 0,
    timeout: 0,
  };
}
