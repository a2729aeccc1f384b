import { constants } from 'node:crypto';
import {
  createSecureContext,
  DEFAULT_CIPHERS,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { PeerValidation, TlsParameters } from '@tulle/decision/tables/tls';
import { completeChain } from '../certificates/chain.ts';
import { pemRevocationLists } from '../certificates/pem.ts';

/** Secrets by name: those of the tables, and the proxy's own SVID. */
export interface SecretSource {
  get(name: string): SecretTable | undefined;
}

/** Of the proxy's own SVID; all others come from the control plane or from files. */
export const ownSecret = 'default';

export type CertificateSecret = Extract<SecretTable, { kind: 'certificate' }>;
export type RootsSecret = Extract<SecretTable, { kind: 'roots' }>;
export type CrlSecret = Extract<SecretTable, { kind: 'crl' }>;

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
function rootsOf(secrets: SecretSource, name: string): RootsSecret {
  const secret = secrets.get(name);
  if (secret?.kind !== 'roots') throw new MissingSecret(name);
  return secret;
}

/** What peers are verified against: roots, and lists of what was revoked. None: peers are not verified. */
export type Trust = readonly [roots?: RootsSecret, crl?: CrlSecret];

/** @throws MissingSecret; Error where a list of what was revoked is none: nobody may be believed for that */
export function trustOf(source: SecretSource, validation: PeerValidation | undefined): Trust {
  if (validation === undefined) return [];
  const roots = rootsOf(source, validation.rootsSecret);
  const { crlSecret } = validation;
  if (crlSecret === undefined) return [roots];
  const crl = source.get(crlSecret);
  if (crl?.kind !== 'crl') throw new MissingSecret(crlSecret);
  if (pemRevocationLists(crl.pem).length === 0) throw new Error(`${crlSecret} is not a PEM revocation list`);
  return [roots, crl];
}

/** PEM of the lists of revoked certificates. */
export const revocationsOf = ([roots, crl]: Trust): readonly string[] =>
  [roots?.crlPem, crl?.pem].flatMap((pem) => (pem === undefined ? [] : pemRevocationLists(pem)));

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
 * @param trust in peers. With revocations every authority of a chain must have a list (OpenSSL's CRL_CHECK_ALL, as Envoy)
 */
export function contextOptions(
  parameters: TlsParameters,
  certificates: readonly CertificateSecret[],
  trust: Trust,
  resumption: 'tickets' | 'no-tickets' = 'tickets',
): SecureContextOptions {
  const { minVersion, maxVersion, cipherSuites, ecdhCurves } = parameters;
  const [roots] = trust;
  const crl = revocationsOf(trust);
  return {
    minVersion,
    maxVersion,
    // Without tickets OpenSSL would have to remember sessions, which Node tells it not to.
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION | (resumption === 'tickets' ? 0 : constants.SSL_OP_NO_TICKET),
    // Without roots of our own nobody is to be believed, least of all the roots that Node ships.
    ca: roots === undefined ? [] : roots.pem,
    ...(crl.length > 0 ? { crl: [...crl] } : {}),
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
    const trust = trustOf(source, parameters.validation);
    const secrets = [certificate, ...trust];
    const known = this.#byParameters.get(parameters);
    if (known?.secrets.every((secret, at) => secret === secrets[at])) return known.context;
    const curves = parameters.ecdhCurves.length > 0 ? parameters.ecdhCurves : clientCurves;
    const shown = certificate === undefined ? [] : [certificate];
    const context = createSecureContext(contextOptions({ ...parameters, ecdhCurves: curves }, shown, trust));
    this.#byParameters.set(parameters, { secrets, context });
    return context;
  }
}
