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

/** The common name of a certificate's subject; undefined when it was issued to no instance in particular. */
export function readCommonName(certificate: x509.X509Certificate): string | undefined {
  return certificate.subjectName.getField('CN')[0];
}
