import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import { createResources } from '@tulle/control-plane/api/writer/resources';
import { openAuthority } from '@tulle/control-plane/identity/authority';
import { x509 } from '@tulle/control-plane/identity/x509';
import { openSqliteStore } from '@tulle/control-plane/store/sqlite';
import type { Resource } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { systemClock } from '@tulle/xds/clock';
import { accountOf, namespace, resourcesOf, trustDomain } from './mesh.ts';
import type { Size } from './sizes.ts';

/** What proxies show; all have one key, for making keys is not what is measured. PEM. */
export interface Svids {
  readonly key: string;
  /** By the proxy's index: its chain. */
  readonly chains: readonly string[];
  readonly roots: string;
}

/** Puts resources and certificates where a control plane will find them. @param more beside those of the size */
export async function seed(stateDir: string, size: Size, more: readonly Resource[] = []): Promise<Svids> {
  const onError = (error: unknown): never => {
    throw error;
  };
  const store = openSqliteStore(join(stateDir, 'store.sqlite'), { onError });
  const resources = createResources({ store, kinds, clock: systemClock });
  let batch: Promise<unknown>[] = [];
  for (const resource of [...resourcesOf(size), ...more]) {
    batch.push(resources.create(resource));
    // The namespace comes first; those of one turn share a transaction.
    if (batch.length < 500 && resource.kind !== 'Namespace') continue;
    await Promise.all(batch);
    batch = [];
  }
  await Promise.all(batch);
  await store.close();
  return certificates(stateDir, size);
}

async function certificates(stateDir: string, { proxies }: Size): Promise<Svids> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm: algorithm });
  const csr = request.toString('pem');
  const authority = await openAuthority(join(stateDir, 'ca'), { trustDomain, clock: systemClock });
  const chains: string[] = [];
  for (let index = 0; index < proxies; index++) {
    const { chain } = await authority.issue({ namespace, serviceAccount: accountOf(index) }, csr);
    chains.push(chain.join(''));
  }
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${der}\n-----END PRIVATE KEY-----\n`;
  return { key, chains, roots: authority.roots };
}
