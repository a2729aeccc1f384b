import type { Resource } from '@tulle/resources/kind';
import type { Origin } from '@tulle/xds/resource';
import { originOf } from '../origin.ts';

/** A Secret that a gateway can serve or check with: `tls.crt`, `tls.key`, `ca.crt`, `ca.crl`; or Istio's `cert`, `key`, `cacert`, `crl`. */
export interface Credential {
  readonly namespace: string;
  readonly name: string;
  /** PEM. */
  readonly certificate: string | undefined;
  readonly key: string | undefined;
  readonly roots: string | undefined;
  /** What the roots' authority has revoked. */
  readonly revoked: string | undefined;
  readonly origin: Origin;
}

/** By `namespace/name`. Secrets that hold no certificate are left out. */
export function credentialsOf(resources: readonly Resource[]): ReadonlyMap<string, Credential> {
  const credentials = new Map<string, Credential>();
  for (const resource of resources) {
    const { namespace = '', name } = resource.metadata;
    const read = (...keys: string[]): string | undefined => {
      const data = (resource.data ?? {}) as Record<string, string>;
      const plain = (resource.stringData ?? {}) as Record<string, string>;
      for (const key of keys) {
        if (plain[key] !== undefined) return plain[key];
        if (data[key] !== undefined) return decode(data[key]);
      }
      return undefined;
    };
    const credential = {
      namespace,
      name,
      certificate: read('tls.crt', 'cert'),
      key: read('tls.key', 'key'),
      roots: read('ca.crt', 'cacert'),
      revoked: read('ca.crl', 'crl'),
      origin: originOf(resource),
    };
    if (credential.certificate !== undefined || credential.roots !== undefined)
      credentials.set(`${namespace}/${name}`, credential);
  }
  return credentials;
}

/** Certificates and keys are PEM: ASCII. */
const decode = (base64: string): string => atob(base64.replaceAll(/\s/g, ''));
