/** Certificates for attacks on a running mesh: signed by its own CA, or by one that only looks like it. */
import { generateKeyPairSync, webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCaCertificate, createSvid, type Issuer } from '@tulle/control-plane/identity/certificate';
import { newKeyPem, signingKeys } from '@tulle/control-plane/identity/key-file';
import { x509 } from '@tulle/control-plane/identity/x509';

const hour = 3_600_000;

/** What a TLS client shows: PEM. */
export interface ShownCertificate {
  readonly key: string;
  readonly cert: string;
}

/** The intermediate of the mesh whose state is in `stateDir`. */
export async function meshIssuer(stateDir: string): Promise<Issuer> {
  const read = (name: string): string => readFileSync(join(stateDir, 'ca', name), 'utf8');
  return {
    certificate: new x509.X509Certificate(read('intermediate.cert.pem')),
    keys: await signingKeys(read('intermediate.key.pem')),
  };
}

/** A CA with the names of a mesh's own. */
export async function foreignIssuer(trustDomain: string): Promise<Issuer> {
  const keys = await signingKeys(newKeyPem());
  const request = { commonName: 'Tulle intermediate', trustDomain, keys, pathLength: 0 };
  const certificate = await createCaCertificate({ ...request, now: Date.now(), lifetimeMs: 24 * hour });
  return { certificate, keys };
}

/** @param issuedHoursAgo of a certificate that is valid for 24 hours */
export async function certificateFor(
  uri: string,
  issuer: Issuer,
  issuedHoursAgo = 0,
): Promise<ShownCertificate> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'der' },
  });
  const imported = await webcrypto.subtle.importKey(
    'spki',
    publicKey,
    { name: 'ECDSA', namedCurve: 'P-256' },
    true,
    ['verify'],
  );
  const svid = await createSvid({
    bound: {},
    uri,
    publicKey: await x509.PublicKey.create(imported),
    issuer,
    now: Date.now() - issuedHoursAgo * hour,
    lifetimeMs: 24 * hour,
  });
  return { key: privateKey, cert: `${svid.toString('pem')}\n${issuer.certificate.toString('pem')}\n` };
}
