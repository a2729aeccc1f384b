import { canonicalName } from '@tulle/control-plane/model/canonical';
import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import {
  formatNodeId,
  type InboundPort,
  type OutboundCapture,
  type ProxyMetadata,
  type ProxyRole,
  type TransparentCapture,
} from '@tulle/xds/node';
import type { ControlPlaneAddress } from './run-record.ts';

export interface BootstrapInput {
  readonly role: ProxyRole;
  readonly mesh: string;
  readonly namespace: string;
  readonly instance: string;
  readonly workload: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly engine: ProxyMetadata['TULLE_ENGINE'];
  readonly locality?: string;
  readonly network?: string;
  readonly weight?: number;
  readonly inbound: readonly InboundPort[];
  readonly outbound: OutboundCapture;
  readonly capture?: TransparentCapture;
  readonly adminPort: number;
  readonly drainSeconds: number;
  readonly stateDir: string;
  readonly controlPlane: ControlPlaneAddress;
  readonly enrolmentToken?: string;
}

/** The address by which other proxies on this machine reach the instance. */
const ADDRESS = '127.0.0.1';

/** The number of the lifeline's descriptor in every proxy that we start. */
export const LIFELINE_FD = 3;

export function makeBootstrap(input: BootstrapInput): Bootstrap {
  const { controlPlane, labels, locality, network, weight, enrolmentToken } = input;
  return {
    node: {
      id: formatNodeId(input.role, ADDRESS, input.instance, input.namespace),
      cluster: `${canonicalName(labels, input.workload)}.${input.namespace}`,
      metadata: {
        NAMESPACE: input.namespace,
        SERVICE_ACCOUNT: input.serviceAccount,
        NAME: input.instance,
        WORKLOAD_NAME: input.workload,
        LABELS: labels,
        CLUSTER_ID: input.mesh,
        MESH_ID: input.mesh,
        TULLE_ENGINE: input.engine,
        TULLE_INBOUND: input.inbound,
        TULLE_OUTBOUND: input.outbound,
        ...(input.capture === undefined ? {} : { TULLE_CAPTURE: input.capture }),
        TULLE_ADMIN_PORT: input.adminPort,
        ...(network === undefined ? {} : { NETWORK: network }),
        ...(weight === undefined ? {} : { TULLE_WEIGHT: weight }),
        ...(locality === undefined ? {} : { TULLE_LOCALITY: locality }),
      },
    },
    trustDomain: controlPlane.trustDomain,
    controlPlane: {
      address: controlPlane.address,
      xdsPort: controlPlane.xdsPort,
      enrolPort: controlPlane.enrolPort,
      identity: controlPlane.identity,
    },
    ...(enrolmentToken === undefined ? {} : { enrolmentToken }),
    stateDir: input.stateDir,
    admin: { address: ADDRESS, port: input.adminPort },
    lifelineFd: LIFELINE_FD,
    drainSeconds: input.drainSeconds,
  };
}
