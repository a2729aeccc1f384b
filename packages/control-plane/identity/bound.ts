import { createHash } from 'node:crypto';
import type { x509 } from './x509.ts';

/** Upper bound of a common name (RFC 5280, appendix A.1: ub-common-name). */
const longestCommonName = 64;

/**
 * What stands for an instance in the subject of its SVIDs: its name, or a digest of one that is too long for a
 * common name. The certificate says it, so that it holds over a restart of the control plane.
 */
export function commonNameOf(instance: string): string {
  if (instance.length <= longestCommonName) return instance;
  return `sha256-${createHash('sha256').update(instance).digest('hex').slice(0, 48)}`;
}

/** To what an SVID is bound beyond its identity: its subject says it. */
export interface Bound {
  /** The instance that may show it, as `commonNameOf` has it; undefined: any of the identity. */
  readonly commonName?: string;
  /** `claimsDigest` of what the instance may be; undefined: nobody said. */
  readonly claims?: string;
}

/** CN: the instance. OU: the digest of its claims. */
export function subjectOf({ commonName, claims }: Bound): x509.JsonName {
  return [
    ...(commonName === undefined ? [] : [{ CN: [commonName] }]),
    ...(claims === undefined ? [] : [{ OU: [claims] }]),
  ];
}

export function boundOf({ subjectName }: x509.X509Certificate): Bound {
  const [commonName] = subjectName.getField('CN');
  const [claims] = subjectName.getField('OU');
  return {
    ...(commonName === undefined ? {} : { commonName }),
    ...(claims === undefined ? {} : { claims }),
  };
}
