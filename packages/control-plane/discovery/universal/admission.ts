import type { Resource } from '@tulle/resources/kind';
import { type ProxyMetadata, type ProxyRole, parseNodeId } from '@tulle/xds/node';
import { readPeer } from '../../identity/peer.ts';
import { spiffeUri } from '../../identity/spiffe.ts';
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

export type Admission =
  | { readonly kind: 'admitted'; readonly proxy: AdmittedProxy }
  /** `code`: a gRPC status. */
  | { readonly kind: 'refused'; readonly code: number; readonly message: string };

const invalidArgument = 3;
const permissionDenied = 7;
const unauthenticated = 16;

/**
 * Decides whether a proxy may be what its Node message says: namespace and service account must be those of
 * its certificate, and the account that of the Workload that it says it belongs to, if there is one. So no
 * instance slips under a Workload that runs as somebody else.
 * @param peerCertificate DER, verified against the mesh's roots; undefined without mutual TLS
 */
export function admit(
  peerCertificate: Uint8Array | undefined,
  node: { readonly id: string; readonly metadata?: unknown },
  mesh: {
    readonly trustDomain: string;
    readonly workload: (namespace: string, name: string) => Resource | undefined;
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
  const { namespace, serviceAccount } = peer.identity;
  if (namespace !== NAMESPACE || serviceAccount !== SERVICE_ACCOUNT) {
    return refused(
      permissionDenied,
      `the certificate is for ${serviceAccount} in ${namespace}, not for ${SERVICE_ACCOUNT} in ${NAMESPACE}`,
    );
  }
  const workload = mesh.workload(NAMESPACE, WORKLOAD_NAME);
  const account = (workload?.spec as { serviceAccount?: string } | undefined)?.serviceAccount ?? 'default';
  if (workload !== undefined && account !== SERVICE_ACCOUNT) {
    return refused(
      permissionDenied,
      `Workload ${WORKLOAD_NAME} runs as ${account}, not as ${SERVICE_ACCOUNT}`,
    );
  }
  const proxy = {
    id: `${NAME}.${NAMESPACE}`,
    nodeId: node.id,
    role: id.role,
    metadata,
    identity: spiffeUri(mesh.trustDomain, peer.identity),
    serialNumber: peer.serialNumber,
    notAfter: peer.notAfter,
  };
  return { kind: 'admitted', proxy };
}

const refused = (code: number, message: string): Admission => ({ kind: 'refused', code, message });
