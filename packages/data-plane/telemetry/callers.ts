import type { Caller, WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { ConnectionTls } from '../http/connection-info.ts';
import { certificateSubject } from '../net/certificates/subject.ts';

/** The workloads of one identity. */
interface Known {
  readonly byName: ReadonlyMap<string, WorkloadLabels>;
  /** What all of them have in common, `unknown` else: the answer when the certificate says no instance. */
  readonly common: WorkloadLabels;
}

/**
 * Who is at the other end of an mTLS connection whose bytes carry no metadata (TCP): of the workloads that have
 * the identity of its certificate, the one whose instance the certificate was issued to.
 */
export class Callers {
  readonly #ownCluster: string;
  #from: ReadonlyMap<string, Caller> = new Map();
  #byPrincipal: ReadonlyMap<string, Known> = new Map();

  /** @param ownCluster of this proxy: where workloads are that name no cluster */
  constructor(ownCluster: string) {
    this.#ownCluster = ownCluster;
  }

  /** The same object for the same caller as long as the table stays. Undefined: nobody of the mesh. */
  of(
    { peerUri, peerCertificate }: ConnectionTls,
    workloads: ReadonlyMap<string, Caller>,
  ): WorkloadLabels | undefined {
    if (peerUri === undefined) return undefined;
    if (this.#from !== workloads) this.#index(workloads);
    const known = this.#byPrincipal.get(peerUri);
    if (known === undefined || known.byName.size === 1 || peerCertificate === undefined) return known?.common;
    return known.byName.get(workloadIn(peerCertificate)) ?? known.common;
  }

  #index(workloads: ReadonlyMap<string, Caller>): void {
    const byPrincipal = Map.groupBy(workloads.values(), ({ principal }) => principal);
    this.#byPrincipal = new Map(
      [...byPrincipal].map(([principal, callers]) => {
        const labels = callers.map(
          (caller): WorkloadLabels => ({ ...caller, cluster: caller.cluster || this.#ownCluster }),
        );
        const byName = new Map(labels.map((one) => [one.workload, one]));
        return [principal, { byName, common: labels.reduce(inCommon) }];
      }),
    );
    this.#from = workloads;
  }
}

/** An SVID of the mesh names its instance: `CN=reviews-v1-0` is one of reviews-v1. Empty: it names none. */
function workloadIn(certificate: Buffer): string {
  return /(?:^|,)CN=([^,]+?)(?:-\d+)?(?:,|$)/.exec(certificateSubject(certificate))?.[1] ?? '';
}

function inCommon(a: WorkloadLabels, b: WorkloadLabels): WorkloadLabels {
  const both = (field: keyof WorkloadLabels): string => (a[field] === b[field] ? a[field] : 'unknown');
  return {
    workload: both('workload'),
    namespace: both('namespace'),
    app: both('app'),
    version: both('version'),
    canonicalName: both('canonicalName'),
    canonicalRevision: both('canonicalRevision'),
    cluster: both('cluster'),
  };
}
