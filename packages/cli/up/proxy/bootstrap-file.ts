import type { Bootstrap } from '@tulle/data-plane/bootstrap';
import type { ControlPlaneAddress } from '../state/run-record.ts';
import { makeNode, type NodeInput } from './proxy-node.ts';

export interface BootstrapInput extends NodeInput {
  readonly drainSeconds: number;
  readonly stateDir: string;
  readonly controlPlane: ControlPlaneAddress;
  readonly enrolmentToken?: string;
}

/** The admin endpoint is for this machine alone. */
const ADDRESS = '127.0.0.1';

/** The number of the lifeline's descriptor in every proxy that we start. */
export const LIFELINE_FD = 3;

/** What a proxy of ours is told in its bootstrap file. */
export function makeBootstrap(input: BootstrapInput): Bootstrap {
  const { controlPlane, enrolmentToken } = input;
  return {
    node: makeNode(input),
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
