import type { InboundPort, OutboundCapture, TransparentCapture, UpstreamListener } from '@tulle/xds/node';
import type { CapturedPort } from '../app/env-capture.ts';
import { loopbackAddresses } from '../capture/capture.ts';
import type { WorkloadPlan } from '../workload-plan.ts';
import type { PortAllocator } from './ports.ts';

const LOOPBACK = '127.0.0.1';

/** The ports of one instance, all on loopback. */
export interface InstancePorts {
  readonly admin: number;
  /** Absent when traffic is redirected. */
  readonly httpProxy?: number;
  readonly capture?: TransparentCapture;
  /** Known port ⇒ where the application listens. */
  readonly inbound: readonly (CapturedPort & { readonly bindPort: number })[];
  readonly inboundListeners: readonly InboundPort[];
  readonly upstreams: readonly UpstreamListener[];
  readonly outbound: OutboundCapture;
  /** Those that the allocator gave. */
  readonly allocated: readonly number[];
  /** Where the application listens for a port by its known number or name; the first port when not given. */
  appPort(known: number | string | undefined): number | undefined;
}

type Allocator = Pick<PortAllocator, 'take'>;
type Planned = Pick<WorkloadPlan, 'ports' | 'upstreams'> &
  Partial<Pick<WorkloadPlan, 'onlyDeclared' | 'capture'>>;

/** Takes all ports that an instance needs; without a command it is a gateway. The caller gives `allocated` back when it is gone. */
export const allocatePorts = (
  allocator: Allocator,
  plan: Planned & Pick<WorkloadPlan, 'command'>,
): Promise<InstancePorts> =>
  plan.command === undefined ? gatewayPorts(allocator, plan.ports) : sidecarPorts(allocator, plan);

/** Hands out ports, and remembers which. */
function taking(allocator: Allocator) {
  const allocated: number[] = [];
  const take = async (): Promise<number> => {
    const port = await allocator.take();
    allocated.push(port);
    return port;
  };
  return { allocated, take };
}

export async function sidecarPorts(allocator: Allocator, plan: Planned): Promise<InstancePorts> {
  const { allocated, take } = taking(allocator);
  const admin = await take();
  const isTransparent = plan.capture === 'transparent';
  const httpProxy = isTransparent ? undefined : await take();
  const capture = isTransparent
    ? {
        addresses: loopbackAddresses(),
        outboundPort: await take(),
        inboundPort: await take(),
        dnsPort: await take(),
      }
    : undefined;
  const inbound: (CapturedPort & { bindPort: number; protocol?: string })[] = [];
  for (const { appPort, ...port } of plan.ports) {
    inbound.push({ ...port, bindPort: await take(), appPort: appPort ?? (await take()) });
  }
  const upstreams: UpstreamListener[] = [];
  for (const { host, port } of plan.upstreams) {
    // Redirected applications call them by their own names: nothing listens for them.
    const bindPort = isTransparent ? 0 : await take();
    upstreams.push({ host, port, bindAddress: LOOPBACK, bindPort });
  }
  return {
    admin,
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(capture === undefined ? {} : { capture }),
    inbound,
    inboundListeners: inbound.map((port) => ({ ...port, bindAddress: LOOPBACK, appAddress: LOOPBACK })),
    upstreams,
    outbound: {
      ...(httpProxy === undefined ? {} : { httpProxy: { address: LOOPBACK, port: httpProxy } }),
      upstreams,
      ...(plan.onlyDeclared ? { onlyDeclared: true } : {}),
    },
    allocated,
    appPort(known) {
      if (known === undefined) return inbound[0]?.appPort;
      const match = inbound.find(({ port, name }) => port === known || name === known);
      // A number that is none of its ports is meant as it stands: something the application opens by itself.
      return match?.appPort ?? (typeof known === 'number' ? known : undefined);
    },
  };
}

/** Of a gateway, which has no application: where it listens by itself. */
async function gatewayPorts(allocator: Allocator, planned: WorkloadPlan['ports']): Promise<InstancePorts> {
  const { allocated, take } = taking(allocator);
  const admin = await take();
  const inbound = await Promise.all(
    planned.map(async ({ appPort, ...port }) => {
      const bindPort = appPort ?? (await take());
      return { ...port, bindPort, appPort: bindPort };
    }),
  );
  return {
    admin,
    inbound,
    inboundListeners: inbound.map((port) => ({ ...port, bindAddress: LOOPBACK, appAddress: LOOPBACK })),
    upstreams: [],
    outbound: { upstreams: [] },
    allocated,
    appPort: () => undefined,
  };
}

export function portsOf(ports: InstancePorts): readonly number[] {
  return ports.allocated;
}
