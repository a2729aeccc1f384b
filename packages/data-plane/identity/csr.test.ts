import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { describe, expect, it } from 'vitest';
import { createCsr } from './csr.ts';
import { octetString, oid } from './der.ts';

describe('a certificate request', () => {
  it('is read by an X.509 library: signature, key, empty subject, the identity as URI SAN', async () => {
    const uri = 'spiffe://mesh.test/ns/default/sa/reviews';
    for (let round = 0; round < 20; round++) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const csr = new x509.Pkcs10CertificateRequest(createCsr(privateKey, uri));
      expect(await csr.verify()).toBe(true);
      expect(csr.subject).toBe('');
      expect(Buffer.from(csr.publicKey.rawData)).toEqual(
        createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
      );
      const san = csr.extensions.find((extension) => extension.type === '2.5.29.17');
      expect(new x509.SubjectAlternativeNameExtension(san?.rawData as ArrayBuffer).names.toJSON()).toEqual([
        { type: 'url', value: uri },
      ]);
    }
  });
});

describe('DER', () => {
  it('writes object identifiers in base 128 (X.690 §8.19)', () => {
    expect(oid('1.2.840.113549').toString('hex')).toBe('06062a864886f70d');
    expect(oid('2.5.29.17').toString('hex')).toBe('0603551d11');
  });

  it('writes lengths from 128 on in the long form', () => {
    expect(octetString(Buffer.alloc(127)).subarray(0, 2).toString('hex')).toBe('047f');
    expect(octetString(Buffer.alloc(128)).subarray(0, 3).toString('hex')).toBe('048180');
    expect(octetString(Buffer.alloc(300)).subarray(0, 4).toString('hex')).toBe('0482012c');
  });
});
