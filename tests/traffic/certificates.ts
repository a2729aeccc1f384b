/** Certificates of the applications outside the mesh, of gateways and of their clients, as files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '@tulle/xds/test-authority.fixture';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** Holds `ca.pem`, and `<name>.pem` and `<name>.key` of each pair. */
  readonly folder: string;
  readonly ca: string;
  readonly pairs: ReadonlyMap<string, Pair>;
}

/** `outside`, `edge` and `shop` are servers, `visitor` a client; `stranger` is a client of a CA that nobody trusts. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  mkdirSync(folder, { recursive: true });
  const authority = await testAuthority({ name: 'traffic' });
  const other = await testAuthority({ name: 'others' });
  const issue = async (from: typeof authority, commonName: string, dnsNames: readonly string[]) => {
    const { chainPem, keyPem } = await from.issue({ commonName, dnsNames });
    return { cert: chainPem, key: keyPem };
  };
  const pairs = new Map([
    ['outside', await issue(authority, 'outside', ['*.outside.test'])],
    ['edge', await issue(authority, 'edge', ['*.edge.test'])],
    ['shop', await issue(authority, 'shop', ['*.shop.test'])],
    ['visitor', await issue(authority, 'visitor', ['visitor.test'])],
    ['stranger', await issue(other, 'stranger', ['stranger.test'])],
  ]);
  writeFileSync(join(folder, 'ca.pem'), authority.rootPem);
  for (const [name, { cert, key }] of pairs) {
    writeFileSync(join(folder, `${name}.pem`), cert);
    writeFileSync(join(folder, `${name}.key`), key, { mode: 0o600 });
  }
  return { folder, ca: authority.rootPem, pairs };
}
