import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { PeerValidation, SecretTable, TlsParameters } from '@tulle/decision/tables';

/** Secrets by name: those of the tables, and the proxy's own SVID. */
export interface SecretSource {
  get(name: string): SecretTable | undefined;
}

/** A secret that TLS needs is not there (yet), or is of the wrong kind. */
export class MissingSecret extends Error {
  readonly secret: string;

  constructor(secret: string) {
    super(`the secret ${secret} is not available`);
    this.name = 'MissingSecret';
    this.secret = secret;
  }
}

/** @throws MissingSecret */
export function certificateOf(
  secrets: SecretSource,
  name: string,
): Extract<SecretTable, { kind: 'certificate' }> {
  const secret = secrets.get(name);
  if (secret?.kind !== 'certificate') throw new MissingSecret(name);
  return secret;
}

/** @throws MissingSecret */
export function rootsOf(secrets: SecretSource, name: string): Extract<SecretTable, { kind: 'roots' }> {
  const secret = secrets.get(name);
  if (secret?.kind !== 'roots') throw new MissingSecret(name);
  return secret;
}

/** Settings of the context for one certificate (or none) and the roots to believe. */
export function contextOptions(
  parameters: TlsParameters,
  certificate: Extract<SecretTable, { kind: 'certificate' }> | undefined,
  roots: Extract<SecretTable, { kind: 'roots' }> | undefined,
): SecureContextOptions {
  const options: SecureContextOptions = {
    minVersion: parameters.minVersion,
    maxVersion: parameters.maxVersion,
    // A ticket outlives the trust that it was given under; without one every connection proves itself.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
    // Without roots of our own nobody is to be believed, least of all the roots that Node ships.
    ca: roots === undefined ? [] : roots.pem,
  };
  if (parameters.cipherSuites.length > 0) options.ciphers = parameters.cipherSuites.join(':');
  if (certificate !== undefined) {
    options.cert = certificate.chainPem;
    options.key = certificate.keyPem;
  }
  return options;
}

/**
 * Secure contexts, made once per set of secrets: they take a millisecond and 50 KiB each. Secrets are
 * compared by identity, so a rotated one makes a new context and the old is forgotten with it.
 */
export class ContextCache {
  #byParameters = new WeakMap<
    TlsParameters,
    { readonly secrets: readonly unknown[]; readonly context: SecureContext }
  >();

  /**
   * @throws MissingSecret
   * @throws Error of OpenSSL for unusable PEM
   */
  clientContext(
    parameters: TlsParameters & { readonly certificateSecret?: string; readonly validation?: PeerValidation },
    source: SecretSource,
  ): SecureContext {
    const certificate =
      parameters.certificateSecret === undefined
        ? undefined
        : certificateOf(source, parameters.certificateSecret);
    const roots =
      parameters.validation === undefined ? undefined : rootsOf(source, parameters.validation.rootsSecret);
    const known = this.#byParameters.get(parameters);
    if (known !== undefined && known.secrets[0] === certificate && known.secrets[1] === roots)
      return known.context;
    const context = createSecureContext(contextOptions(parameters, certificate, roots));
    this.#byParameters.set(parameters, { secrets: [certificate, roots], context });
    return context;
  }
}
