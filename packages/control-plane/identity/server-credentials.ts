import { constants } from 'node:crypto';
import type { SecureServerOptions } from 'node:http2';
import type { SecureContextOptions } from 'node:tls';
import { ServerCredentials } from '@grpc/grpc-js';

/** Key, chain (leaf first) and trust of a TLS server, PEM. */
export interface ServerMaterial {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootsPem: string;
}

/**
 * TLS for a grpc-js server whose certificate changes while it runs: new handshakes see the new one, open
 * connections stay. TLS 1.3 only; with `mutual` a client without a certificate of our roots is refused.
 */
export class RotatingServerCredentials extends ServerCredentials {
  constructor(options: { readonly mutual: boolean }, material: ServerMaterial) {
    const constructorOptions: SecureServerOptions = {
      requestCert: options.mutual,
      rejectUnauthorized: options.mutual,
      handshakeTimeout: 5_000,
    };
    super(constructorOptions, contextOf(material));
  }

  /** @throws Error when the material does not load; the old one stays in use */
  rotate(material: ServerMaterial): void {
    this.updateSecureContextOptions(contextOf(material));
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf(material: ServerMaterial): SecureContextOptions {
  return {
    key: material.keyPem,
    cert: material.chainPem,
    ca: material.rootsPem,
    minVersion: 'TLSv1.3',
    // A resumed session is not verified again: a certificate that has expired meanwhile would get in.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
