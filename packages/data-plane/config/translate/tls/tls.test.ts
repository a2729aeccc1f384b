import type { Draft, Messages } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { pack } from '../../messages.fixture.ts';
import { Problems } from '../values/problems.ts';
import { translateDownstreamSocket, translateUpstreamSocket } from './tls.ts';

const package_ = 'envoy.extensions.transport_sockets.tls.v3';
type Downstream = Draft<Messages[`${typeof package_}.DownstreamTlsContext`]>;
type Upstream = Draft<Messages[`${typeof package_}.UpstreamTlsContext`]>;
type Parameters = Draft<Messages[`${typeof package_}.TlsParameters`]>;

const certificate = { tlsCertificateSdsSecretConfigs: [{ name: 'default', sdsConfig: { ads: {} } }] };

function downstream(context: Downstream) {
  const problems = new Problems();
  const typedConfig = pack(`${package_}.DownstreamTlsContext`, { commonTlsContext: certificate, ...context });
  const tls = translateDownstreamSocket({ typedConfig }, 'transport_socket', problems);
  return { tls, problems: problems.list };
}

function upstream(context: Upstream) {
  const problems = new Problems();
  const typedConfig = pack(`${package_}.UpstreamTlsContext`, context);
  const tls = translateUpstreamSocket({ typedConfig }, 'transport_socket', problems);
  return { tls, problems: problems.list };
}

const parameters = (tlsParams: Parameters) => downstream({ commonTlsContext: { ...certificate, tlsParams } });

describe('parameters', () => {
  test('by default', () => {
    expect(downstream({}).tls).toEqual({
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      cipherSuites: [],
      ecdhCurves: [],
      alpn: [],
      requireClientCertificate: false,
      certificateSecrets: ['default'],
      sessionTimeoutMs: 3_600_000,
    });
    expect(upstream({}).tls).toMatchObject({ sni: '', resumeSessions: true });
  });

  test('ciphers and curves, each known by name', () => {
    const tls13 = { tlsMinimumProtocolVersion: 'TLSv1_3', tlsMaximumProtocolVersion: 'TLSv1_3' } as const;
    expect(parameters({ ...tls13, ecdhCurves: ['X25519MLKEM768', 'P-256'] }).tls).toMatchObject({
      minVersion: 'TLSv1.3',
      ecdhCurves: ['X25519MLKEM768', 'P-256'],
    });
    const equal = '[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]';
    expect(parameters({ cipherSuites: [equal] }).tls?.cipherSuites).toEqual([
      'ECDHE-ECDSA-AES128-GCM-SHA256',
      'ECDHE-ECDSA-CHACHA20-POLY1305',
    ]);
    const path = 'transport_socket.typed_config.common_tls_context.tls_params';
    expect(parameters({ cipherSuites: ['ECDHE-X'], ecdhCurves: ['P-256', 'P-1'] }).problems).toEqual([
      `${path}.cipher_suites: ECDHE-X is not known`,
      `${path}.ecdh_curves: P-1 is not known`,
    ]);
    expect(parameters({ tlsMinimumProtocolVersion: 'TLSv1_0' }).problems).toEqual([
      `${path}.tls_minimum_protocol_version: TLSv1_0 is not secure any more`,
    ]);
  });

  test('sessions, how long and whether at all', () => {
    expect(downstream({ sessionTimeout: { seconds: 60, nanos: 0 } }).tls?.sessionTimeoutMs).toBe(60_000);
    expect(downstream({ disableStatelessSessionResumption: true }).tls?.sessionTimeoutMs).toBe(0);
    expect(upstream({ maxSessionKeys: 0 }).tls?.resumeSessions).toBe(false);
    expect(upstream({ maxSessionKeys: 4 }).tls?.resumeSessions).toBe(true);
  });
});

describe('what a certificate must be', () => {
  const validation = (
    defaultValidationContext: NonNullable<
      NonNullable<Downstream['commonTlsContext']>['combinedValidationContext']
    >['defaultValidationContext'],
  ) =>
    downstream({
      commonTlsContext: {
        ...certificate,
        combinedValidationContext: {
          ...(defaultValidationContext === undefined ? {} : { defaultValidationContext }),
          validationContextSdsSecretConfig: { name: 'ca', sdsConfig: { ads: {} } },
        },
      },
    });
  const at = 'transport_socket.typed_config.common_tls_context.combined_validation_context';

  test('revocations in a file, hashes in any spelling, or nothing at all', () => {
    const hex = 'AB'.repeat(32);
    const spki = `${'A'.repeat(43)}=`;
    const colons = hex.match(/../g)?.join(':') ?? '';
    expect(
      validation({
        crl: { filename: '/crl.pem' },
        verifyCertificateHash: [hex, colons],
        verifyCertificateSpki: [spki],
      }).tls?.validation,
    ).toEqual({
      rootsSecret: 'ca',
      subjectAltNames: [],
      crlSecret: 'file-crl:/crl.pem',
      pins: { certificates: [hex.toLowerCase(), hex.toLowerCase()], publicKeys: [spki] },
    });
    expect(validation({ trustChainVerification: 'ACCEPT_UNTRUSTED' }).tls?.validation).toEqual({
      rootsSecret: 'ca',
      subjectAltNames: [],
      acceptUntrusted: true,
    });
  });

  test('is refused where it is not clear', () => {
    const inner = `${at}.default_validation_context`;
    const wrong = {
      verifyCertificateHash: ['abc'],
      verifyCertificateSpki: ['abc'],
      crl: { inlineString: 'a' },
    };
    expect(validation(wrong).problems).toEqual([
      `${inner}.crl: must be a file, or come with the roots`,
      `${inner}.verify_certificate_hash[0]: is not a SHA-256 in hex`,
      `${inner}.verify_certificate_spki[0]: is not a SHA-256 in base64`,
    ]);
  });
});

describe('names of a certificate', () => {
  const accepts = (san: { readonly sanType: 'URI' | 'DNS'; readonly matcher: { exact: string } }) => {
    const { tls } = upstream({
      commonTlsContext: {
        combinedValidationContext: {
          defaultValidationContext: { matchTypedSubjectAltNames: [san] },
          validationContextSdsSecretConfig: { name: 'ROOTCA', sdsConfig: { ads: {} } },
        },
      },
    });
    return tls?.validation?.subjectAltNames[0];
  };

  test('a DNS name is no URI, whatever it says', () => {
    const id = 'spiffe://td/ns/a/sa/b';
    const matches = accepts({ sanType: 'URI', matcher: { exact: id } });
    expect([matches?.(id, 'uri'), matches?.(id, 'dns')]).toEqual([true, false]);
  });

  test('a wildcard is for every name that it covers', () => {
    const matches = accepts({ sanType: 'DNS', matcher: { exact: 'api.example.com' } });
    expect(['api.example.com', '*.example.com', '*.com'].map((name) => matches?.(name, 'dns'))).toEqual([
      true,
      true,
      false,
    ]);
    expect(matches?.('api.example.com', 'uri')).toBe(false);
  });
});
