import { constants } from 'node:crypto';
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { PeerValidation, TlsParameters } from '@tulle/decision/tables/tls';
import { completeChain } from './certificate-chain.ts';

/** Secrets by name: those of the tables, and the proxy's own SVID. */
export interface SecretSource {
  get(name: string): SecretTable | undefined;
}

/** Of the proxy's own SVID; all others come from the control plane or from files. */
export const ownSecret = 'default';

export type CertificateSecret = Extract<SecretTable, { kind: 'certificate' }>;
export type RootsSecret = Extract<SecretTable, { kind: 'roots' }>;

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
export function certificateOf(secrets: SecretSource, name: string): CertificateSecret {
  const secret = secrets.get(name);
  if (secret?.kind !== 'certificate') throw new MissingSecret(name);
  return secret;
}

/** @throws MissingSecret */
export function rootsOf(secrets: SecretSource, name: string): RootsSecret {
  const secret = secrets.get(name);
  if (secret?.kind !== 'roots') throw new MissingSecret(name);
  return secret;
}

/**
 * For TLS 1.3, in our order: with SHA-256, for which processors have instructions, a handshake derives its keys
 * cheaper. Lists of ciphers speak of TLS 1.2 alone, as Envoy's do.
 */
const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const tls12Suites = DEFAULT_CIPHERS.split(':').filter((name) => !tls13Suites.includes(name));

/**
 * Settings of a context.
 *
 * @param certificates to show: at most one of each type of key, OpenSSL takes the one that the peer can verify
 * @param roots to believe
 */
export function contextOptions(
  parameters: TlsParameters,
  certificates: readonly CertificateSecret[],
  roots: RootsSecret | undefined,
  resumption: 'tickets' | 'no-tickets' = 'tickets',
): SecureContextOptions {
  const { minVersion, maxVersion, cipherSuites, ecdhCurves } = parameters;
  return {
    minVersion,
    maxVersion,
    // Without tickets OpenSSL would have to remember sessions, which Node tells it not to.
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION | (resumption === 'tickets' ? 0 : constants.SSL_OP_NO_TICKET),
    // Without roots of our own nobody is to be believed, least of all the roots that Node ships.
    ca: roots === undefined ? [] : roots.pem,
    ciphers: [...tls13Suites, ...(cipherSuites.length > 0 ? cipherSuites : tls12Suites)].join(':'),
    ...(ecdhCurves.length > 0 ? { ecdhCurve: ecdhCurves.join(':') } : {}),
    cert: certificates.map(({ chainPem }) => completeChain(chainPem, roots?.pem ?? '')),
    key: certificates.map(({ keyPem }) => keyPem),
  };
}

/** Envoy's own; a key exchange with ML-KEM costs each side 0.1 ms more and must be asked for. */
const clientCurves = ['X25519', 'P-256'];

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
    const curves = parameters.ecdhCurves.length > 0 ? parameters.ecdhCurves : clientCurves;
    const shown = certificate === undefined ? [] : [certificate];
    const context = createSecureContext(contextOptions({ ...parameters, ecdhCurves: curves }, shown, roots));
    this.#byParameters.set(parameters, { secrets: [certificate, roots], context });
    return context;
  }
}
