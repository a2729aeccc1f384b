import type { Resource } from '@tulle/resources/kind';
import { type ProxyMetadata, type ProxyRole, parseNodeId } from '@tulle/xds/node';
import { groupLabel, type WorkloadInstance } from '../../model/instances/instance.ts';

/** `tulle.dev/v1alpha1 Registration`: one running instance, as docs/architecture.md has it. */
export interface Registration extends Resource {
  spec: RegistrationSpec;
  status?: RegistrationStatus;
}

export interface RegistrationSpec {
  proxy: ProxyRole;
  workload: string;
  serviceAccount: string;
  labels: Record<string, string>;
  address: string;
  ports: { port: number; name?: string; protocol?: string; target: number }[];
  adminAddress: string;
  locality: string;
  network: string;
  weight: number;
  cluster: string;
  engine: 'tulle' | 'envoy';
  capture: 'env' | 'transparent';
}

export interface RegistrationStatus {
  ready?: boolean;
  draining?: boolean;
  pid?: number;
  proxyPid?: number;
  workers?: number;
  readyWorkers?: number;
  connected?: boolean;
  message?: string;
  restarts?: number;
}

export const registrationCollection = { group: 'tulle.dev', plural: 'registrations' } as const;
export const registrationApiVersion = 'tulle.dev/v1alpha1';

/** Names one registration. */
export interface InstanceName {
  readonly namespace: string;
  readonly name: string;
}

/** What the Node message of an authenticated proxy says about its instance. */
export function specOf(nodeId: string, metadata: ProxyMetadata): RegistrationSpec {
  const node = parseNodeId(nodeId);
  return {
    proxy: node?.role ?? 'sidecar',
    workload: metadata.WORKLOAD_NAME,
    serviceAccount: metadata.SERVICE_ACCOUNT,
    labels: { ...metadata.LABELS },
    address: node?.address ?? '127.0.0.1',
    ports: metadata.TULLE_INBOUND.map(({ port, name, protocol, bindPort }) => ({
      port,
      ...(name === undefined ? {} : { name }),
      ...(protocol === undefined ? {} : { protocol }),
      target: bindPort,
    })),
    adminAddress: `127.0.0.1:${metadata.TULLE_ADMIN_PORT}`,
    locality: metadata.TULLE_LOCALITY ?? '',
    network: metadata.NETWORK ?? '',
    weight: metadata.TULLE_WEIGHT ?? 1,
    cluster: metadata.CLUSTER_ID,
    engine: metadata.TULLE_ENGINE,
    capture: metadata.TULLE_CAPTURE === undefined ? 'env' : 'transparent',
  };
}

/**
 * The registration as model and compile see it. A sidecar speaks mTLS; a gateway what its Gateways say, so that
 * callers need a DestinationRule for mTLS to it (Istio).
 */
export function instanceOf({ metadata, spec, status }: Registration): WorkloadInstance {
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? '',
    workload: spec.workload,
    serviceAccount: spec.serviceAccount,
    labels: spec.labels,
    address: spec.address,
    ports: spec.ports.map(({ port, name, target }) => ({
      port,
      ...(name === undefined ? {} : { name }),
      target,
    })),
    ...(groupLabel in spec.labels ? { portsByName: true } : {}),
    tlsMode: spec.proxy === 'sidecar' ? 'istio' : 'disabled',
    ...(spec.proxy === 'router' ? { isGateway: true } : {}),
    weight: spec.weight,
    locality: spec.locality,
    network: spec.network,
    cluster: spec.cluster,
    restarts: status?.restarts ?? 0,
    health: status?.draining === true ? 'draining' : status?.ready === true ? 'healthy' : 'unhealthy',
  };
}
