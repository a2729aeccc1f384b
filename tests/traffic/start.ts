/** Brings members of the mesh up: applications with their sidecars, and those who send. */
import type { ApiClient } from '../../packages/cli/api/client.ts';
import type { PortAllocator } from '../../packages/cli/up/ports/ports.ts';
import { REGISTRATION } from '../../packages/cli/up/registration-status.ts';
import { eventually } from '../mesh.ts';
import { servicePorts } from './documents.ts';
import type { Echo } from './echo.ts';
import { type Member, relayPort } from './members.ts';
import { instanceOf, type ProxySurroundings, type StartedProxy, startMember } from './proxies.ts';

const address = '127.0.0.1';

/**
 * An application's sidecar; it calls nobody.
 * @param http where it takes that, if that matters
 */
export async function startServer(
  member: Member,
  { ports: app }: Echo,
  ports: PortAllocator,
  around: ProxySurroundings,
  http?: number,
): Promise<StartedProxy> {
  const appPorts = { http: app.http, http2: app.h2c, grpc: app.h2c, tcp: app.tcp, tls: app.tls };
  const inbound = [];
  for (const name of Object.keys(servicePorts) as (keyof typeof servicePorts)[]) {
    const own = name === 'http' ? http : undefined;
    const bind = { bindAddress: address, bindPort: own ?? (await ports.take()) };
    inbound.push({ name, port: servicePorts[name], ...bind, appAddress: address, appPort: appPorts[name] });
  }
  const outbound = { upstreams: [], onlyDeclared: true };
  const proxy = await startMember({ member, inbound, outbound, adminPort: await ports.take() }, around);
  await announceReady(around.client, member);
  return proxy;
}

/** A gateway between networks. */
export async function startRelay(
  member: Member,
  bindPort: number,
  ports: PortAllocator,
  around: ProxySurroundings,
): Promise<StartedProxy> {
  const pod = { port: relayPort, bindAddress: address, bindPort, appAddress: address, appPort: bindPort };
  const outbound = { upstreams: [] };
  const proxy = await startMember(
    { member, adminPort: await ports.take(), inbound: [pod], outbound },
    around,
  );
  await announceReady(around.client, member);
  return proxy;
}

/** As a supervisor does when the application answers. */
async function announceReady(client: ApiClient, member: Member): Promise<void> {
  const instance = instanceOf(member);
  const status = { status: { ready: true } };
  await eventually(`${instance} is registered`, async () =>
    client.patch(REGISTRATION, member.namespace, instance, status, { subresource: 'status' }),
  );
}

/** Where a sender takes what it shall send. */
export interface Entrance {
  /** The HTTP proxy of a sidecar; port 80 of the gateway. */
  readonly http: number;
  /** Port 443 of the gateway. */
  readonly https: number;
  /** Loopback ports by declared upstream, `host:port`. */
  readonly upstreams: ReadonlyMap<string, number>;
}

/** @param calls what it declares; undefined: it knows all services */
export async function startSender(
  member: Member,
  calls: readonly { readonly host: string; readonly port: number }[] | undefined,
  ports: PortAllocator,
  around: ProxySurroundings,
): Promise<{ readonly proxy: StartedProxy; readonly entrance: Entrance }> {
  const [http, https, adminPort] = [await ports.take(), await ports.take(), await ports.take()];
  const upstreams = [];
  for (const call of calls ?? [])
    upstreams.push({ ...call, bindAddress: address, bindPort: await ports.take() });
  const pod = (port: number, at: number) => ({
    ...{ port, bindAddress: address, bindPort: at, appAddress: address, appPort: at },
  });
  const proxy = await startMember(
    member.role === 'router'
      ? { member, adminPort, inbound: [pod(8080, http), pod(8443, https)], outbound: { upstreams: [] } }
      : {
          ...{ member, adminPort, inbound: [] },
          outbound: {
            httpProxy: { address, port: http },
            upstreams,
            ...(calls !== undefined && { onlyDeclared: true }),
          },
        },
    around,
  );
  if (member.role === 'router') await announceReady(around.client, member);
  const byName = upstreams.map(({ host, port, bindPort }) => [`${host}:${port}`, bindPort] as const);
  return { proxy, entrance: { http, https, upstreams: new Map(byName) } };
}
