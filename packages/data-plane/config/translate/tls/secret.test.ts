import { type TestAuthority, type TestLeaf, testAuthority } from '@tulle/xds/test-authority.fixture';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { beforeAll, describe, expect, test } from 'vitest';
import { dumpResources } from '../../dump.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type Message = Draft<Messages['envoy.extensions.transport_sockets.tls.v3.Secret']>;
const bytes = (message: Message): Uint8Array =>
  encode('envoy.extensions.transport_sockets.tls.v3.Secret', { name: 's', ...message });
const translate = (message: Message) => translateResource('secret', 's', bytes(message), filterReaders);

let authority: TestAuthority;
let one: TestLeaf;
let other: TestLeaf;

beforeAll(async () => {
  authority = await testAuthority();
  one = await authority.issue({ dnsNames: ['shop.example.com'] });
  other = await authority.issue({ dnsNames: ['other.example.com'] });
});

test('a certificate with its key, as text or bytes', () => {
  const expected = { kind: 'certificate', chainPem: one.chainPem, keyPem: one.keyPem };
  expect(
    translate({
      tlsCertificate: {
        certificateChain: { inlineString: one.chainPem },
        privateKey: { inlineBytes: Buffer.from(one.keyPem) },
      },
    }),
  ).toMatchObject({ ok: true, value: expected });
});

test('roots: one or more', () => {
  const pem = `${authority.rootPem}\n${authority.rootPem}\n`;
  expect(translate({ validationContext: { trustedCa: { inlineString: pem } } })).toMatchObject({
    ok: true,
    value: { kind: 'roots', pem },
  });
});

test('roots with what their authority has revoked', async () => {
  const crlPem = await authority.revoke(one);
  const validationContext = { trustedCa: { inlineString: authority.rootPem }, crl: { inlineString: crlPem } };
  expect(translate({ validationContext })).toMatchObject({
    ok: true,
    value: { kind: 'roots', pem: authority.rootPem, crlPem },
  });
});

describe('what is refused says nothing of the secret', () => {
  test.each<[string, () => Message, string]>([
    ['neither', () => ({}), 'must be a certificate or a validation context'],
    ['a file', () => ({ tlsCertificate: {} }), 'tls_certificate.certificate_chain: must be given inline'],
    [
      'a key of another certificate',
      () => ({
        tlsCertificate: {
          certificateChain: { inlineString: one.chainPem },
          privateKey: { inlineString: other.keyPem },
        },
      }),
      'tls_certificate.private_key: does not fit the certificate',
    ],
    [
      'a damaged key',
      () => ({
        tlsCertificate: {
          certificateChain: { inlineString: one.chainPem },
          privateKey: { inlineString: one.keyPem.slice(0, 60) },
        },
      }),
      'tls_certificate.private_key: is not a PEM private key',
    ],
    [
      'a damaged certificate',
      () => ({ validationContext: { trustedCa: { inlineString: authority.rootPem.replaceAll('M', 'N') } } }),
      'validation_context.trusted_ca: is not a list of PEM certificates',
    ],
    [
      'a damaged list of revocations',
      () => ({
        validationContext: {
          trustedCa: { inlineString: authority.rootPem },
          crl: { inlineString: authority.rootPem },
        },
      }),
      'validation_context.crl: is not a list of PEM revocation lists',
    ],
  ])('%s', (_, message, expected) => {
    const result = translate(message());
    expect(result.ok ? '' : result.reason).toContain(expected);
    expect(JSON.stringify(result)).not.toContain(one.keyPem.split('\n')[1]);
  });
});

test('a dump shows the certificate and not the key', () => {
  const message = bytes({
    tlsCertificate: {
      certificateChain: { inlineString: one.chainPem },
      privateKey: { inlineString: one.keyPem },
    },
  });
  const none = { cluster: [], endpoint: [], listener: [], route: [], virtualHost: [], workload: [] };
  const [entry] = dumpResources({ ...none, secret: [{ name: 's', version: '1', bytes: message }] });
  expect(entry?.resource).toMatchObject({
    name: 's',
    tlsCertificate: {
      certificateChain: { inlineString: one.chainPem },
      privateKey: { inlineString: '[redacted]' },
    },
  });
  expect(JSON.stringify(entry)).not.toContain('PRIVATE KEY');
});
