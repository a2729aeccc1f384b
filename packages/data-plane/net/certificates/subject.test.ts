import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { X509CertificateGenerator } from '@peculiar/x509';
import { expect, test } from 'vitest';
import { certificateSubject } from './subject.ts';

test.each([
  ['C=US, O=Lyft, CN=Test Client', 'CN=Test Client,O=Lyft,C=US'],
  ['O=a\\, b, CN=c', 'CN=c,O=a\\, b'],
])('the subject %s is %s', async (name, expected) => {
  const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  const certificate = await X509CertificateGenerator.createSelfSigned({ name, keys, signingAlgorithm });
  expect(certificateSubject(Buffer.from(certificate.rawData))).toBe(expected);
});
