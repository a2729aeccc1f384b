import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  webcrypto,
} from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/** A P-256 pair, as the X.509 library signs with it. */
export type SigningKeys = webcrypto.CryptoKeyPair;

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;

/** A new P-256 private key as PKCS #8 PEM. */
export function newKeyPem(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
}

/** @throws Error for text that is no P-256 private key */
export async function signingKeys(keyPem: string): Promise<SigningKeys> {
  const key = createPrivateKey(keyPem);
  if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('not a P-256 key');
  return {
    privateKey: await importKey(key, 'pkcs8', ['sign']),
    publicKey: await importKey(createPublicKey(key), 'spki', ['verify']),
  };
}

function importKey(
  key: KeyObject,
  type: 'pkcs8' | 'spki',
  usages: ('sign' | 'verify')[],
): Promise<webcrypto.CryptoKey> {
  const der = new Uint8Array(
    type === 'pkcs8' ? key.export({ type, format: 'der' }) : key.export({ type, format: 'der' }),
  );
  return webcrypto.subtle.importKey(type, der, algorithm, type === 'spki', usages);
}

/**
 * Writes a file that only its owner reads, whole or not at all: a crash, or a disk without room, leaves the old content.
 */
export function writePrivateFile(path: string, content: string): void {
  const partial = `${path}.${process.pid}.partial`;
  try {
    writeFileSync(partial, content, { mode: 0o600, flush: true });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Undefined when there is no such file. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
