import { createHash } from 'node:crypto';
import { connect, type DetailedPeerCertificate } from 'node:tls';

/** The server is not the one that the enrolment token was made for. Asking again would not help. */
export class PinError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PinError';
  }
}

/**
 * Asks a TLS server for its chain and returns the certificate in it whose SHA-256 is `pin`, as PEM. Nothing
 * is believed of the connection and nothing is sent on it: the caller connects again with the returned
 * root as its only trust, and TLS verifies the chain.
 * @param pin lower-case hex
 * @throws PinError when no certificate of the chain has that pin; the socket's error when there is no server
 */
export function fetchPinnedRoot(server: {
  readonly address: string;
  readonly port: number;
  readonly pin: string;
  readonly timeoutMs: number;
}): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: server.address,
      port: server.port,
      ALPNProtocols: ['h2'],
      rejectUnauthorized: false,
      minVersion: 'TLSv1.3',
      timeout: server.timeoutMs,
    });
    socket.once('secureConnect', () => {
      const root = findPinned(socket.getPeerCertificate(true), server.pin);
      socket.destroy();
      if (root === undefined)
        reject(new PinError('the server does not show the certificate authority of the token'));
      else resolve(root);
    });
    socket.once('timeout', () => socket.destroy(new Error(`no answer within ${server.timeoutMs} ms`)));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
}

function findPinned(leaf: DetailedPeerCertificate, pin: string): string | undefined {
  const seen = new Set<DetailedPeerCertificate>();
  for (let certificate = leaf; certificate?.raw !== undefined && !seen.has(certificate); ) {
    seen.add(certificate);
    if (createHash('sha256').update(certificate.raw).digest('hex') === pin) return toPem(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return undefined;
}

function toPem(raw: Buffer): string {
  const lines = raw.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
