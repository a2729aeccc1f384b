import { alarm, type Clock, type Timer } from '@tulle/xds/clock';
import type { Authority } from './authority.ts';
import { newKeyPem, signingKeys } from './key-file.ts';
import { controlPlaneIdentity } from './spiffe.ts';
import { x509 } from './x509.ts';

/** How soon a renewal that failed is tried again. */
const retryMs = 60_000;

/** Key, chain (leaf first) and trust of a TLS server, PEM. */
export interface ServerMaterial {
  readonly keyPem: string;
  readonly chainPem: string;
  readonly rootsPem: string;
}

export interface OwnSvid {
  current(): ServerMaterial;
  close(): void;
}

/**
 * The control plane's own SVID: a new key and certificate at half life. The chain that it presents ends
 * with the root, so that an enrolling proxy finds there what its token pins.
 */
export async function startOwnSvid(options: {
  readonly authority: Authority;
  readonly clock: Clock;
  readonly onRotate: (material: ServerMaterial) => void;
  readonly onError: (error: unknown) => void;
}): Promise<OwnSvid> {
  const { authority, clock } = options;
  let timer: Timer | undefined;
  let closed = false;

  async function renew(): Promise<ServerMaterial> {
    const keyPem = newKeyPem();
    const keys = await signingKeys(keyPem);
    const csr = await x509.Pkcs10CertificateRequestGenerator.create({
      keys,
      signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    });
    const svid = await authority.issue(controlPlaneIdentity, csr.toString('pem'));
    const now = clock.now();
    if (!closed) timer = alarm(clock, now + (svid.notAfter - now) / 2, rotate);
    return { keyPem, chainPem: [...svid.chain, svid.roots].join(''), rootsPem: svid.roots };
  }

  function rotate(): void {
    renew().then(
      (material) => {
        current = material;
        if (!closed) options.onRotate(material);
      },
      (error: unknown) => {
        options.onError(error);
        if (!closed) timer = clock.after(retryMs, rotate);
      },
    );
  }

  let current = await renew();
  return {
    current: () => current,
    close() {
      closed = true;
      timer?.cancel();
    },
  };
}
