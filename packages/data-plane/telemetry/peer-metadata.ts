import type { WorkloadLabels } from '@tulle/decision/tables/endpoint';
import type { ProxyMetadata } from '@tulle/xds/node';
import { decodeStruct, encodeStruct, type StructFields, type StructValue } from './struct.ts';

/** Istio's headers between meshed peers: who sends, and its node ID as key of a cache. */
export const peerMetadataHeader = 'x-envoy-peer-metadata';
export const peerMetadataIdHeader = 'x-envoy-peer-metadata-id';

/** Base64 characters; Istio's own is below 2,000 even with many labels. */
const mostCharacters = 16 * 1024;
const canonicalName = 'service.istio.io/canonical-name';
const canonicalRevision = 'service.istio.io/canonical-revision';

/** The header's value: base64 of a Struct with the fields that Istio's metadata exchange sends. */
export function encodePeerMetadata(metadata: ProxyMetadata): string {
  const { workload, canonicalName: name, canonicalRevision: revision } = workloadLabelsOf(metadata);
  return encodeStruct({
    NAME: metadata.NAME,
    NAMESPACE: metadata.NAMESPACE,
    WORKLOAD_NAME: workload,
    CLUSTER_ID: metadata.CLUSTER_ID,
    MESH_ID: metadata.MESH_ID,
    SERVICE_ACCOUNT: metadata.SERVICE_ACCOUNT,
    LABELS: { ...metadata.LABELS, [canonicalName]: name, [canonicalRevision]: revision },
  }).toString('base64');
}

/** What the header says of its sender; undefined for anything that is not what Istio sends. */
export function decodePeerMetadata(value: string): WorkloadLabels | undefined {
  if (value.length === 0 || value.length > mostCharacters || !/^[A-Za-z0-9+/]+={0,2}$/.test(value))
    return undefined;
  let fields: StructFields;
  try {
    fields = decodeStruct(Buffer.from(value, 'base64'));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  const labels = fields.LABELS;
  return labelsFrom(
    {
      name: text(fields.NAME),
      workload: text(fields.WORKLOAD_NAME),
      namespace: text(fields.NAMESPACE),
      cluster: text(fields.CLUSTER_ID),
    },
    (label) => (isStruct(labels) ? text(labels[label]) : ''),
  );
}

/** A proxy's own labels. */
export function workloadLabelsOf(metadata: ProxyMetadata): WorkloadLabels {
  return labelsFrom(
    {
      name: metadata.NAME,
      workload: metadata.WORKLOAD_NAME,
      namespace: metadata.NAMESPACE,
      cluster: metadata.CLUSTER_ID,
    },
    (label) => (Object.hasOwn(metadata.LABELS, label) ? (metadata.LABELS[label] ?? '') : ''),
  );
}

function labelsFrom(
  node: {
    readonly name: string;
    readonly workload: string;
    readonly namespace: string;
    readonly cluster: string;
  },
  label: (name: string) => string,
): WorkloadLabels {
  const app = label('app') || label('app.kubernetes.io/name');
  const version = label('version') || label('app.kubernetes.io/version');
  return {
    workload: node.workload || node.name,
    namespace: node.namespace,
    app,
    version,
    // Istio's order: the label made for it, the recommended app labels, the workload.
    canonicalName: label(canonicalName) || label('app.kubernetes.io/name') || label('app') || node.workload,
    canonicalRevision: label(canonicalRevision) || version || 'latest',
    cluster: node.cluster,
  };
}

function text(value: StructValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isStruct(value: StructValue | undefined): value is StructFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
