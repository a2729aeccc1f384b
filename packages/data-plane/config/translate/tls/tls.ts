import { createSecureContext, getCiphers } from 'node:tls';
import type {
  CertificatePins,
  DownstreamTls,
  PeerValidation,
  TlsParameters,
  UpstreamTls,
} from '@tulle/decision/tables/tls';
import type {
  core_ConfigSource,
  core_TransportSocket,
  tls_CertificateValidationContext,
  tls_CommonTlsContext,
  tls_SdsSecretConfig,
} from '@tulle/xds/wire';
import { fileCrl } from '../../../file-secrets.ts';
import { isFor } from '../../../net/certificates/dns-name.ts';
import { milliseconds } from '../values/duration.ts';
import { join, messageName, type Problems, read } from '../values/problems.ts';
import { translateStringMatcher } from '../values/string-match.ts';

/** Short beside Envoy's two hours: a client's intermediate is not looked at again while its session lives. */
const defaultSessionMs = 3_600_000;

const rawBuffer = 'envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer';

/** Undefined: plain text. */
export function translateUpstreamSocket(
  socket: core_TransportSocket | undefined,
  path: string,
  problems: Problems,
): UpstreamTls | undefined {
  const config = socket?.typedConfig;
  if (config === undefined || messageName(config) === rawBuffer) return undefined;
  const at = join(path, 'typed_config');
  const name = 'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext';
  if (messageName(config) !== name) {
    problems.add(at, `${messageName(config)} is not supported`);
    return undefined;
  }
  const context = read(name, config.value, at, problems);
  const common = translateCommon(context?.commonTlsContext, join(at, 'common_tls_context'), problems);
  const [certificateSecret, ...more] = common.certificateSecrets;
  if (more.length > 0) problems.add(at, 'one client certificate at most');
  return {
    ...common.parameters,
    sni: context?.sni ?? '',
    resumeSessions: context?.maxSessionKeys !== 0,
    ...(certificateSecret === undefined ? {} : { certificateSecret }),
    ...(common.validation === undefined ? {} : { validation: common.validation }),
  };
}

/** Undefined: plain text. */
export function translateDownstreamSocket(
  socket: core_TransportSocket | undefined,
  path: string,
  problems: Problems,
): DownstreamTls | undefined {
  const config = socket?.typedConfig;
  if (config === undefined || messageName(config) === rawBuffer) return undefined;
  const at = join(path, 'typed_config');
  const name = 'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext';
  if (messageName(config) !== name) {
    problems.add(at, `${messageName(config)} is not supported`);
    return undefined;
  }
  const context = read(name, config.value, at, problems);
  const common = translateCommon(context?.commonTlsContext, join(at, 'common_tls_context'), problems);
  const requireClientCertificate = context?.requireClientCertificate ?? false;
  if (common.certificateSecrets.length === 0) problems.add(at, 'a server needs a certificate by SDS');
  // Otherwise every certificate of every stranger would do.
  if (requireClientCertificate && common.validation === undefined)
    problems.add(at, 'require_client_certificate needs a validation context');
  return {
    ...common.parameters,
    requireClientCertificate,
    certificateSecrets: common.certificateSecrets,
    sessionTimeoutMs:
      context?.disableStatelessSessionResumption === true
        ? 0
        : milliseconds(context?.sessionTimeout, defaultSessionMs, join(at, 'session_timeout'), problems),
    ...(common.validation === undefined ? {} : { validation: common.validation }),
  };
}

interface Common {
  readonly parameters: TlsParameters;
  readonly certificateSecrets: readonly string[];
  readonly validation: PeerValidation | undefined;
}

function translateCommon(
  context: tls_CommonTlsContext | undefined,
  path: string,
  problems: Problems,
): Common {
  const params = context?.tlsParams;
  const version = (
    value: string | undefined,
    absent: 'TLSv1.2' | 'TLSv1.3',
    field: string,
  ): 'TLSv1.2' | 'TLSv1.3' => {
    if (value === undefined || value === 'TLS_AUTO') return absent;
    if (value === 'TLSv1_2') return 'TLSv1.2';
    if (value === 'TLSv1_3') return 'TLSv1.3';
    problems.add(`${path}.tls_params.${field}`, `${value} is not secure any more`);
    return absent;
  };
  return {
    parameters: {
      minVersion: version(params?.tlsMinimumProtocolVersion, 'TLSv1.2', 'tls_minimum_protocol_version'),
      maxVersion: version(params?.tlsMaximumProtocolVersion, 'TLSv1.3', 'tls_maximum_protocol_version'),
      cipherSuites: translateCiphers(params?.cipherSuites ?? [], `${path}.tls_params`, problems),
      ecdhCurves: translateCurves(params?.ecdhCurves ?? [], `${path}.tls_params`, problems),
      alpn: context?.alpnProtocols ?? [],
    },
    certificateSecrets: (context?.tlsCertificateSdsSecretConfigs ?? []).map((config, i) =>
      secretName(config, `${path}.tls_certificate_sds_secret_configs[${i}]`, problems),
    ),
    validation: translateValidation(context, path, problems),
  };
}

const knownCiphers = new Set(getCiphers());

/** Names as OpenSSL's, as both libraries have them; `[A|B]`, of equal worth to BoringSSL, is A before B. */
function translateCiphers(names: readonly string[], path: string, problems: Problems): string[] {
  const ciphers = names.flatMap((name) => name.replaceAll(/[[\]]/g, '').split('|'));
  for (const cipher of ciphers)
    if (!knownCiphers.has(cipher.toLowerCase()))
      problems.add(`${path}.cipher_suites`, `${cipher} is not known`);
  return ciphers;
}

function translateCurves(names: readonly string[], path: string, problems: Problems): readonly string[] {
  for (const ecdhCurve of names) {
    try {
      // OpenSSL alone knows its groups.
      createSecureContext({ ecdhCurve });
    } catch {
      problems.add(`${path}.ecdh_curves`, `${ecdhCurve} is not known`);
    }
  }
  return names;
}

function secretName(config: tls_SdsSecretConfig, path: string, problems: Problems): string {
  if (config.name === '') problems.add(`${path}.name`, 'must not be empty');
  if (config.sdsConfig !== undefined) checkSource(config.sdsConfig, `${path}.sds_config`, problems);
  return config.name;
}

/** We get everything over the one ADS stream. */
export function checkSource(source: core_ConfigSource | undefined, path: string, problems: Problems): void {
  if (source?.ads === undefined && source?.self === undefined) problems.add(path, 'must be ads');
}

function translateValidation(
  context: tls_CommonTlsContext | undefined,
  path: string,
  problems: Problems,
): PeerValidation | undefined {
  const combined = context?.combinedValidationContext;
  const alone = context?.validationContextSdsSecretConfig;
  if (alone !== undefined) {
    return {
      rootsSecret: secretName(alone, `${path}.validation_context_sds_secret_config`, problems),
      subjectAltNames: [],
    };
  }
  if (combined === undefined) {
    if (context?.validationContext !== undefined)
      problems.add(`${path}.validation_context`, 'roots must come by SDS');
    return undefined;
  }
  const at = `${path}.combined_validation_context`;
  const config = combined.validationContextSdsSecretConfig;
  if (config === undefined) {
    problems.add(at, 'roots must come by SDS');
    return undefined;
  }
  const own = combined.defaultValidationContext;
  const rootsSecret = secretName(config, `${at}.validation_context_sds_secret_config`, problems);
  if (own === undefined) return { rootsSecret, subjectAltNames: [] };
  const inner = `${at}.default_validation_context`;
  if (own.trustedCa !== undefined) problems.add(`${inner}.trusted_ca`, 'roots must come by SDS');
  if (own.crl !== undefined && own.crl.filename === undefined)
    problems.add(`${inner}.crl`, 'must be a file, or come with the roots');
  const pins = translatePins(own, inner, problems);
  return {
    rootsSecret,
    subjectAltNames: translateNames(own, inner, problems),
    ...(own.crl?.filename === undefined ? {} : { crlSecret: fileCrl(own.crl.filename) }),
    ...(pins === undefined ? {} : { pins }),
    ...(own.trustChainVerification === 'ACCEPT_UNTRUSTED' ? { acceptUntrusted: true } : {}),
  };
}

/** Hashes of certificates as `openssl x509 -fingerprint` writes them, or without colons. */
function translatePins(
  { verifyCertificateHash, verifyCertificateSpki }: tls_CertificateValidationContext,
  path: string,
  problems: Problems,
): CertificatePins | undefined {
  if (verifyCertificateHash.length + verifyCertificateSpki.length === 0) return undefined;
  const certificates = verifyCertificateHash.map((hash) => hash.replaceAll(':', '').toLowerCase());
  for (const [i, hash] of certificates.entries())
    if (!/^[0-9a-f]{64}$/.test(hash))
      problems.add(`${path}.verify_certificate_hash[${i}]`, 'is not a SHA-256 in hex');
  for (const [i, hash] of verifyCertificateSpki.entries())
    if (!/^[A-Za-z0-9+/]{43}=$/.test(hash))
      problems.add(`${path}.verify_certificate_spki[${i}]`, 'is not a SHA-256 in base64');
  return { certificates, publicKeys: verifyCertificateSpki };
}

function translateNames(
  context: tls_CertificateValidationContext,
  path: string,
  problems: Problems,
): PeerValidation['subjectAltNames'] {
  const typed = context.matchTypedSubjectAltNames.map(({ sanType, matcher }, i) => {
    const at = `${path}.match_typed_subject_alt_names[${i}]`;
    if (sanType !== 'URI' && sanType !== 'DNS') problems.add(`${at}.san_type`, `${sanType} is not supported`);
    if (matcher === undefined) {
      problems.add(`${at}.matcher`, 'must be set');
      return () => false;
    }
    // As Envoy: to be for an exact name a certificate may show a wildcard.
    const { exact } = matcher;
    if (sanType === 'DNS' && exact !== undefined)
      return (name: string, kind: 'uri' | 'dns') => kind === 'dns' && isFor(name, exact);
    const matches = translateStringMatcher(matcher, `${at}.matcher`, problems);
    const wanted = sanType === 'URI' ? 'uri' : 'dns';
    return (name: string, kind: 'uri' | 'dns') => kind === wanted && matches(name);
  });
  const untyped = context.matchSubjectAltNames.map((matcher, i) =>
    translateStringMatcher(matcher, `${path}.match_subject_alt_names[${i}]`, problems),
  );
  return [...typed, ...untyped];
}
