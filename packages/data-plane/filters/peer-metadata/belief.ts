import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { ConnectionTls } from '../../http/connection-info.ts';
import { decodePeerMetadata } from '../../telemetry/peer-metadata.ts';
import { decodeStruct } from '../../telemetry/struct.ts';

/**
 * What a peer says of itself, if its certificate says the same: namespace and service account of the
 * metadata must be those of `spiffe://<trust domain>/ns/<namespace>/sa/<account>`. Anyone can send a header;
 * only the peer itself can show the certificate.
 */
export function believedLabels(value: string, tls: ConnectionTls | undefined): WorkloadLabels | undefined {
  const identity = /^spiffe:\/\/[^/]+\/ns\/([^/]+)\/sa\/([^/]+)$/.exec(tls?.peerUri ?? '');
  if (identity === null) return undefined;
  const labels = decodePeerMetadata(value);
  if (labels === undefined || labels.namespace !== identity[1]) return undefined;
  // Peers that say no account (Istio's may) are taken by their namespace.
  const account = decodeStruct(Buffer.from(value, 'base64')).SERVICE_ACCOUNT;
  return account === undefined || account === identity[2] ? labels : undefined;
}
