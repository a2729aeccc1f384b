/** x-forwarded-client-cert, by what the manager is told to do with it. */
import type { HygieneCase } from '../case.ts';
import { edgeUri } from '../certificates.ts';

const hash = '[0-9a-f]{64}';
/** Of the client in `certificates.ts`, as Envoy's documentation of x-forwarded-client-cert has it. */
const ownElement = [
  `By=${edgeUri}`,
  `Hash=${hash}`,
  'Subject="CN=alice"',
  'URI=https://partners\\.test/alice',
  'URI=urn:partners:alice',
  'DNS=alice\\.test',
  'DNS=\\*\\.alice\\.test',
].join(';');

export const clientCertificateCases: readonly HygieneCase[] = [
  // x-forwarded-client-cert without a client certificate
  ...(['SANITIZE', 'FORWARD_ONLY', 'APPEND_FORWARD', 'SANITIZE_SET'] as const).map(
    (mode): HygieneCase => ({
      name: `x-forwarded-client-cert from a client without certificate: ${mode}`,
      manager: { forwardClientCertDetails: mode },
      request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
      upstream: { 'x-forwarded-client-cert': null },
    }),
  ),
  {
    name: 'x-forwarded-client-cert from a client without certificate: ALWAYS_FORWARD_ONLY',
    manager: { forwardClientCertDetails: 'ALWAYS_FORWARD_ONLY' },
    request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
    upstream: { 'x-forwarded-client-cert': 'By=spiffe://a/b;Hash=0' },
  },

  // x-forwarded-client-cert with a client certificate
  ...(
    [
      ['SANITIZE', null],
      ['FORWARD_ONLY', 'By=spiffe://a/b;Hash=0'],
      ['APPEND_FORWARD', new RegExp(`^By=spiffe://a/b;Hash=0,${ownElement}$`)],
      ['SANITIZE_SET', new RegExp(`^${ownElement}$`)],
      ['ALWAYS_FORWARD_ONLY', 'By=spiffe://a/b;Hash=0'],
    ] as const
  ).map(
    ([mode, expected]): HygieneCase => ({
      name: `x-forwarded-client-cert from a client with a certificate: ${mode}`,
      tls: 'certificate',
      manager: {
        forwardClientCertDetails: mode,
        setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
      },
      request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
      upstream: { 'x-forwarded-client-cert': expected },
    }),
  ),
  {
    name: 'x-forwarded-client-cert: what is said of a certificate when nothing is asked for',
    tls: 'certificate',
    manager: { forwardClientCertDetails: 'SANITIZE_SET' },
    upstream: { 'x-forwarded-client-cert': new RegExp(`^By=${edgeUri};Hash=${hash}$`) },
  },
  {
    name: 'x-forwarded-client-cert: the certificate itself, as PEM in percent-encoding',
    tls: 'certificate',
    manager: { forwardClientCertDetails: 'SANITIZE_SET', setCurrentClientCertDetails: { cert: true } },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Cert="-----BEGIN%20CERTIFICATE-----%0A[A-Za-z0-9%]+-----END%20CERTIFICATE-----%0A"$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: all that Istio’s gateways say',
    tls: 'certificate',
    manager: {
      forwardClientCertDetails: 'SANITIZE_SET',
      setCurrentClientCertDetails: { subject: true, cert: true, uri: true, dns: true },
    },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Cert="[^"]+";${ownElement.slice(ownElement.indexOf('Subject='))}$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: of a certificate without a URI',
    tls: 'certificate without URI',
    manager: {
      forwardClientCertDetails: 'SANITIZE_SET',
      setCurrentClientCertDetails: { subject: true, uri: true, dns: true },
    },
    upstream: {
      'x-forwarded-client-cert': new RegExp(
        `^By=${edgeUri};Hash=${hash};Subject="CN=bob";URI=;DNS=bob\\.test$`,
      ),
    },
  },
  {
    name: 'x-forwarded-client-cert: over TLS without a certificate nothing is said',
    tls: 'no certificate',
    manager: { forwardClientCertDetails: 'APPEND_FORWARD', setCurrentClientCertDetails: { subject: true } },
    request: ['X-Forwarded-Client-Cert: By=spiffe://a/b;Hash=0'],
    upstream: { 'x-forwarded-client-cert': null },
  },
];
