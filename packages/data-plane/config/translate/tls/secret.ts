import { createPrivateKey, type X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecretTable } from '@tulle/decision/tables/secret';
import type { core_DataSource } from '@tulle/xds/wire';
import { pemCertificates, pemRevocationLists } from '../../../net/certificates/pem.ts';
import { type Problems, read } from '../values/problems.ts';

/** envoy.extensions.transport_sockets.tls.v3.Secret. No message about a secret holds a part of it. */
export function translateSecret(bytes: Uint8Array, problems: Problems): SecretTable | undefined {
  const secret = read('envoy.extensions.transport_sockets.tls.v3.Secret', bytes, '', problems);
  if (secret?.tlsCertificate !== undefined) {
    const chainPem = inline(
      secret.tlsCertificate.certificateChain,
      'tls_certificate.certificate_chain',
      problems,
    );
    const keyPem = inline(secret.tlsCertificate.privateKey, 'tls_certificate.private_key', problems);
    checkPair(chainPem, keyPem, problems);
    return { kind: 'certificate', chainPem, keyPem };
  }
  if (secret?.validationContext !== undefined) {
    const pem = inline(secret.validationContext.trustedCa, 'validation_context.trusted_ca', problems);
    checkCertificates(pem, 'validation_context.trusted_ca', problems);
    const { crl } = secret.validationContext;
    if (crl === undefined) return { kind: 'roots', pem };
    const crlPem = inline(crl, 'validation_context.crl', problems);
    checkRevocations(crlPem, 'validation_context.crl', problems);
    return { kind: 'roots', pem, crlPem };
  }
  if (secret !== undefined) problems.add('', 'must be a certificate or a validation context');
  return undefined;
}

/** Text of an inline source. */
export function inline(source: core_DataSource | undefined, path: string, problems: Problems): string {
  const text =
    source?.inlineString ??
    (source?.inlineBytes === undefined ? undefined : Buffer.from(source.inlineBytes).toString());
  if (text === undefined) problems.add(path, 'must be given inline');
  return text ?? '';
}

function checkRevocations(pem: string, path: string, problems: Problems): void {
  const lists = pemRevocationLists(pem);
  try {
    // OpenSSL alone reads them.
    createSecureContext({ crl: lists });
    if (lists.length > 0) return;
  } catch {
    // Said below, as for a text without any.
  }
  problems.add(path, 'is not a list of PEM revocation lists (X509 CRL)');
}

function checkCertificates(pem: string, path: string, problems: Problems): X509Certificate | undefined {
  try {
    const [leaf] = pemCertificates(pem);
    if (leaf !== undefined) return leaf;
  } catch {
    // Said below, as for a text without any.
  }
  problems.add(path, 'is not a list of PEM certificates');
  return undefined;
}

function checkPair(chainPem: string, keyPem: string, problems: Problems): void {
  const leaf = checkCertificates(chainPem, 'tls_certificate.certificate_chain', problems);
  try {
    const key = createPrivateKey(keyPem);
    if (leaf !== undefined && !leaf.checkPrivateKey(key))
      problems.add('tls_certificate.private_key', 'does not fit the certificate');
  } catch {
    problems.add('tls_certificate.private_key', 'is not a PEM private key');
  }
}
