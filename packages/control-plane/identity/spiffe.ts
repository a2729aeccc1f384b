/** Who a workload is: `spiffe://<trust-domain>/ns/<namespace>/sa/<service-account>`. */
export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The control plane's own account. */
export const controlPlaneIdentity: Identity = { namespace: 'tulle-system', serviceAccount: 'control-plane' };

/** A Kubernetes name (RFC 1123 label or subdomain): also what a SPIFFE path segment may hold. */
const segment = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const uriForm = new RegExp(`^spiffe://([a-z0-9._-]{1,255})/ns/(${segment})/sa/(${segment})$`);
const nameForm = new RegExp(`^${segment}$`);

/** @throws TypeError for a namespace or account that is no Kubernetes name: it would forge another path. */
export function spiffeUri(trustDomain: string, identity: Identity): string {
  for (const name of [identity.namespace, identity.serviceAccount]) {
    if (!nameForm.test(name)) throw new TypeError(`not a name: ${JSON.stringify(name)}`);
  }
  return `spiffe://${trustDomain}/ns/${identity.namespace}/sa/${identity.serviceAccount}`;
}

/** Undefined for anything but the exact form, and for names of other trust domains. */
export function parseSpiffeUri(uri: string, trustDomain: string): Identity | undefined {
  const [, domain, namespace, serviceAccount] = uriForm.exec(uri) ?? [];
  if (domain !== trustDomain || namespace === undefined || serviceAccount === undefined) return undefined;
  return { namespace, serviceAccount };
}
