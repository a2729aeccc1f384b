import { createHash } from 'node:crypto';

/** What a proxy may be beside its identity, as whoever asked for its enrolment token said. */
export interface Claims {
  readonly role: string;
  readonly workload: string;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * What stands for claims in the subject of an SVID (its organizational unit). The certificate says them, so that
 * they hold over renewals and restarts of the control plane without being stored anywhere.
 */
export function claimsDigest({ role, workload, labels }: Claims): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256')
    .update(JSON.stringify([role, workload, sorted]))
    .digest('hex')
    .slice(0, 48);
}
