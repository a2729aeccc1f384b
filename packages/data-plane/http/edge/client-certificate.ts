import { X509Certificate } from 'node:crypto';
import type { ClientCertificateRules } from '@tulle/decision/edge-rules';
import type { Headers } from '@tulle/decision/headers';
import { certificateSubject } from '../../net/certificates/subject.ts';
import { readSubjectAltNames, type SubjectAltNames } from '../../net/certificates/subject-alt-names.ts';
import type { ConnectionInfo } from '../connection-info.ts';

const name = 'x-forwarded-client-cert';

/** x-forwarded-client-cert, after Envoy's forward_client_cert_details. */
export function forwardCertificate(
  headers: Headers,
  connection: ConnectionInfo,
  rules: ClientCertificateRules,
): void {
  const { mode } = rules;
  if (mode === 'always-forward-only') return;
  const own = certificateElement(connection, rules);
  if (own === undefined || mode === 'sanitize') {
    headers.remove(name);
    return;
  }
  if (mode === 'forward-only') return;
  const before = mode === 'append-forward' ? headers.joined(name) : undefined;
  headers.set(name, before === undefined ? own : `${before},${own}`);
}

/** As `describe`; put together once per connection and set of rules. */
function certificateElement(connection: ConnectionInfo, rules: ClientCertificateRules): string | undefined {
  if (connection.tls?.peerFingerprint === undefined) return undefined;
  const known = connection.memo.get(name) as { rules: ClientCertificateRules; text: string } | undefined;
  if (known?.rules === rules) return known.text;
  const text = describe(connection.tls, rules);
  connection.memo.set(name, { rules, text });
  return text;
}

function describe(tls: NonNullable<ConnectionInfo['tls']>, rules: ClientCertificateRules): string {
  const parts = tls.localUri === undefined ? [] : [`By=${tls.localUri}`];
  parts.push(`Hash=${tls.peerFingerprint}`);
  for (const detail of rules.details) parts.push(...elements[detail](tls));
  return parts.join(';');
}

/** In Envoy's spelling. */
const elements = {
  cert: ({ peerCertificate }) =>
    peerCertificate === undefined ? [] : [`Cert="${escapedPem(peerCertificate)}"`],
  subject: ({ peerCertificate }) =>
    peerCertificate === undefined
      ? []
      : // Quotes within are escaped already: once more would end the value there.
        [`Subject="${certificateSubject(peerCertificate)}"`],
  uri: ({ peerCertificate }) => {
    const { uris } = namesOf(peerCertificate);
    return uris.length === 0 ? ['URI='] : uris.map((uri) => `URI=${quoted(uri)}`);
  },
  dns: ({ peerCertificate }) => namesOf(peerCertificate).dnsNames.map((name) => `DNS=${quoted(name)}`),
} satisfies Record<
  ClientCertificateRules['details'][number],
  (tls: NonNullable<ConnectionInfo['tls']>) => readonly string[]
>;

const namesOf = (certificate: Buffer | undefined): SubjectAltNames =>
  certificate === undefined ? { uris: [], dnsNames: [] } : readSubjectAltNames(certificate);

/** A certificate may name anything; what could begin another key or element is quoted. */
const quoted = (value: string): string =>
  /[,;="]/.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value;

const escapedPem = (certificate: Buffer): string =>
  encodeURIComponent(new X509Certificate(certificate).toString());
