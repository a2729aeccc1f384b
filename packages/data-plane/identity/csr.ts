import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { bitString, context, contextText, octetString, oid, sequence, set, smallInteger } from './der.ts';

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const extensionRequest = oid('1.2.840.113549.1.9.14');
const subjectAltName = oid('2.5.29.17');

/**
 * A PKCS #10 request (RFC 2986) as PEM: empty subject, the identity as URI SAN. Our own CA ignores the
 * name; others read it.
 * @param key a P-256 private key
 */
export function createCsr(key: KeyObject, uri: string): string {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const san = sequence(subjectAltName, octetString(sequence(contextText(6, uri))));
  const attributes = context(0, sequence(extensionRequest, set(sequence(san))));
  const info = sequence(smallInteger(0), sequence(), publicKey, attributes);
  const request = sequence(info, ecdsaWithSha256, bitString(sign('sha256', info, key)));
  const lines = request.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join(
    '\n',
  );
}
