import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '@tulle/data-plane/identity/test-authority';
import type { CertificateFiles } from './peer.ts';

const dayMs = 24 * 3_600_000;

/** A root and one ECDSA P-256 SVID, as the mesh issues them, for all peers. */
export async function makeCertificates(folder: string): Promise<CertificateFiles> {
  const now = Date.now();
  const authority = await testAuthority({ notBefore: now - dayMs, notAfter: now + dayMs });
  const uri = 'spiffe://cluster.local/ns/default/sa/bench';
  const leaf = await authority.sign({ uri, notBefore: now - dayMs, notAfter: now + dayMs });
  const files = {
    root: join(folder, 'root.pem'),
    chain: join(folder, 'chain.pem'),
    key: join(folder, 'key.pem'),
    combined: join(folder, 'combined.pem'),
    uri,
  };
  const key = leaf.keyPem ?? '';
  writeFileSync(files.root, authority.rootPem);
  writeFileSync(files.chain, leaf.pem);
  writeFileSync(files.key, key, { mode: 0o600 });
  writeFileSync(files.combined, leaf.pem + key, { mode: 0o600 });
  return files;
}
