import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '@tulle/resources/kind';
import { isIpAddress } from '@tulle/resources/schema/host';
import { type ProxyMetadata, type ProxyRole, parseNodeId } from '@tulle/xds/node';
import { commonNameOf } from '../../identity/bound.ts';
import { claimsDigest } from '../../identity/claims.ts';
import { readPeer } from '../../identity/peer.ts';
import { spiffeUri } from '../../identity/spiffe.ts';
import { asMember } from './group-membership.ts';
import { NodeMetadataError, readProxyMetadata } from './node-metadata.ts';

/** A proxy whose word is believed as far as its certificate goes. */
export interface AdmittedProxy {
  /** `<instance>.<namespace>`: unique in the mesh. */
  readonly id: string;
  readonly nodeId: string;
  readonly role: ProxyRole;
  readonly metadata: ProxyMetadata;
  /** SPIFFE ID of its certificate. */
  readonly identity: string;
  /** Its certificate's serial number, and when that ends: milliseconds since the epoch. */
  readonly serialNumber: string;
  readonly notAfter: number;
}

type Labels = Readonly<Record<string, string>>;

export type Admission =
  | { readonly kind: 'admitted'; readonly proxy: AdmittedProxy }
  /** `code`: a gRPC status. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string };

const invalidArgument = 3;
const permissionDenied = 7;
const unauthenticated = 16;

/**
 * Decides whether a proxy may be what its Node message says: namespace, service account and, where its
 * enrolment was for one instance, that instance must be those of its certificate. An instance of a Workload
 * has that Workload's account and labels, whatever it claims: labels decide whose requests it gets; one of a WorkloadGroup
 * that group's. Others are what their enrolment token says. So a proxy that was broken into stays what it is.
 * @param peerCertificate DER, verified against the mesh's roots; undefined without mutual TLS
 */
export function admit(
  peerCertificate: Uint8Array | undefined,
  node: { readonly id: string; readonly metadata?: unknown },
  mesh: {
    readonly trustDomain: string;
    readonly workload: (namespace: string, name: string) => Resource | undefined;
    readonly group: (namespace: string, name: string) => Resource | undefined;
    /** The labels under which an instance is registered already. */
    readonly registeredLabels: (namespace: string, name: string) => Labels | undefined;
  },
): Admission {
  const peer = peerCertificate === undefined ? undefined : readPeer(peerCertificate, mesh.trustDomain);
  if (peer === undefined) return refused(unauthenticated, 'no SVID of this mesh');
  let metadata: ProxyMetadata;
  try {
    metadata = readProxyMetadata(node.metadata);
  } catch (error) {
    if (error instanceof NodeMetadataError) return refused(invalidArgument, error.message);
    throw error;
  }
  const { NAMESPACE, NAME, SERVICE_ACCOUNT, WORKLOAD_NAME } = metadata;
  const id = parseNodeId(node.id);
  if (id === undefined || id.namespace !== NAMESPACE || id.instance !== NAME) {
    return refused(
      invalidArgument,
      `node id ${JSON.stringify(node.id)} is not that of ${NAME} in ${NAMESPACE}`,
    );
  }
  // Others connect there: to no socket of their own machines.
  if (!isIpAddress(id.address))
    return refused(invalidArgument, `node id ${JSON.stringify(node.id)} has no IP address`);
  const { namespace, serviceAccount } = peer.identity;
  if (namespace !== NAMESPACE || serviceAccount !== SERVICE_ACCOUNT) {
    return refused(
      permissionDenied,
      `the certificate is for ${serviceAccount} in ${namespace}, not for ${SERVICE_ACCOUNT} in ${NAMESPACE}`,
    );
  }
  const { commonName, claims } = peer.bound;
  if (commonName !== undefined && commonName !== commonNameOf(NAME))
    return refused(permissionDenied, `the certificate is for ${commonName}, not for ${NAME}`);
  // `reviews-v1-0` is an instance of the Workload reviews-v1, and may not say that it is of another or of none.
  const owner = NAME.replace(/-\d+$/, '');
  if (owner !== WORKLOAD_NAME && mesh.workload(NAMESPACE, owner) !== undefined)
    return refused(permissionDenied, `${NAME} is an instance of Workload ${owner}, not of ${WORKLOAD_NAME}`);
  const workload = mesh.workload(NAMESPACE, WORKLOAD_NAME);
  const spec = workload?.spec as { role?: string; serviceAccount?: string; labels?: Labels } | undefined;
  const account = spec?.serviceAccount ?? 'default';
  if (workload !== undefined && account !== SERVICE_ACCOUNT) {
    return refused(
      permissionDenied,
      `Workload ${WORKLOAD_NAME} runs as ${account}, not as ${SERVICE_ACCOUNT}`,
    );
  }
  const role: ProxyRole = spec?.role === 'gateway' ? 'router' : 'sidecar';
  if (workload !== undefined && id.role !== role) {
    const is = role === 'router' ? 'a gateway' : 'no gateway';
    return refused(permissionDenied, `an instance of Workload ${WORKLOAD_NAME} is ${is}`);
  }
  // Of what is no Workload's instance, the enrolment token has said what it may be.
  const claimed = { role: id.role, workload: WORKLOAD_NAME, labels: metadata.LABELS };
  if (workload === undefined && claims !== undefined && claims !== claimsDigest(claimed)) {
    return refused(
      permissionDenied,
      `the certificate of ${NAME} is not for a ${id.role} of workload ${WORKLOAD_NAME} with the labels that it says`,
    );
  }
  const member = workload === undefined ? asMember(metadata, mesh.group) : undefined;
  if (typeof member === 'string') return refused(permissionDenied, member);
  // While a changed Workload rolls out, an instance of before keeps the labels that it was admitted with.
  const earlier = mesh.registeredLabels(NAMESPACE, NAME);
  const isEarlier = earlier !== undefined && isDeepStrictEqual({ ...earlier }, metadata.LABELS);
  const LABELS = spec === undefined || isEarlier ? metadata.LABELS : { ...spec.labels };
  const proxy = {
    id: `${NAME}.${NAMESPACE}`,
    nodeId: node.id,
    role: id.role,
    metadata: member ?? { ...metadata, LABELS },
    identity: spiffeUri(mesh.trustDomain, peer.identity),
    serialNumber: peer.serialNumber,
    notAfter: peer.notAfter,
  };
  return { kind: 'admitted', proxy };
}

const refused = (code: number, message: string): Admission => ({ kind: 'refused', code, message });
