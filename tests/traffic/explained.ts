/**
 * Holds what `tulle explain` says of a step against what came of it: each answer must be one of those that it tells, by
 * the same route to the same cluster. Explained is what the sender has accepted, as the command does.
 */
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import type { Call } from '@tulle/data-plane/explain/call';
import type { Decision, Outcome } from '@tulle/data-plane/explain/decision';
import { Headers } from '@tulle/decision/headers';
import { expect } from 'vitest';
import { type ProxyView, runningView } from '../../packages/cli/explain/proxy-view.ts';
import type { Entry } from './access-log.ts';
import { senders } from './members.ts';
import { instanceOf } from './proxies.ts';
import { type From, type HttpStep, senderOf, type TcpStep } from './scenario.ts';
import type { World } from './world.ts';

/** What the senders have accepted, once for all rows: it takes its time. */
export async function viewsOf(proxies: readonly ProxyStatus[]): Promise<ReadonlyMap<From, ProxyView>> {
  const views = new Map<From, ProxyView>();
  for (const [from, member] of Object.entries(senders)) {
    const proxy = proxies.find(({ metadata }) => metadata.name === instanceOf(member));
    if (proxy !== undefined) views.set(from as From, await runningView(proxy));
  }
  return views;
}

/** @param to address and port of the listener */
function decide(from: From, to: string, call: Call, { views }: World): Decision {
  const { explainer } = views.get(from) as ProxyView;
  const all = [...explainer.proxy.tables.listeners.values()];
  const listener = all.find(({ address, port }) => `${address}:${port}` === to)?.name ?? to;
  return explainer.decide({ ...call, listener });
}

/** @param requests that were answered, by their scenario header */
export async function checkExplained(
  step: HttpStep,
  headers: Readonly<Record<string, string>>,
  requests: readonly string[],
  world: World,
): Promise<void> {
  const from = senderOf(step);
  const url = new URL(step.url as string);
  const entrance = world.entrances[from];
  const port = Number(step.port ?? (url.protocol === 'https:' ? entrance.https : entrance.http));
  const told = decide(from, `127.0.0.1:${port}`, callOf(step, url, headers), world);
  const possible = [...told.outcomes, ...told.limited];
  const entries = await Promise.all(requests.map((request) => world.accessLog.entryOf(request, from)));
  for (const logged of entries) {
    const fits = possible.some((one) => isAs(one, logged));
    expect(fits, `${JSON.stringify(logged)} is none of ${JSON.stringify(possible.map(factsOf))}`).toBe(true);
  }
}

function callOf(step: HttpStep, url: URL, headers: Readonly<Record<string, string>>): Call {
  const { kind = 'http', method = 'GET' } = step;
  const isGrpc = kind === 'grpc';
  const fields = new Headers();
  const all = {
    ...(isGrpc && { 'content-type': 'application/grpc', te: 'trailers' }),
    ...(kind === 'websocket' && { connection: 'Upgrade', upgrade: 'websocket' }),
    ...headers,
  };
  for (const [name, value] of Object.entries(all))
    if (name !== 'host' && !name.startsWith(':')) fields.add(name.toLowerCase(), value, name);
  return {
    kind: 'http',
    method: headers[':method'] ?? (isGrpc ? 'POST' : method),
    scheme: url.protocol === 'https:' ? 'https' : 'http',
    authority: headers[':authority'] ?? headers.host ?? url.host,
    urlAuthority: url.host,
    path: headers[':path'] ?? url.pathname + url.search,
    headers: fields,
    protocol: isGrpc || kind === 'http2' ? 'HTTP/2' : 'HTTP/1.1',
  };
}

const factsOf = ({ info, reply }: Outcome) => ({
  route: info.routeName,
  cluster: info.cluster,
  status: reply?.status,
  details: info.details,
});

/** What it meets further on (an application, a limit of connections, a timeout) is not explained. */
function isAs({ info, reply }: Outcome, { route, cluster, status, details }: Entry): boolean {
  if (info.routeName !== (route ?? '') || info.cluster !== (cluster ?? '')) return false;
  return reply === undefined || (reply.status === status && info.details === details);
}

/** Of connections that were served: refused is told of others only. */
export function checkExplainedBytes(
  step: TcpStep,
  to: { readonly host: string; readonly port: number },
  world: World,
): void {
  const { kind, sni, source, offers } = step;
  const isMesh = offers?.ALPNProtocols?.includes('istio') === true;
  const call: Call = {
    kind,
    host: kind === 'tls' ? (sni ?? '') : 'any',
    port: to.port,
    ...(source !== undefined && { remoteAddress: source }),
    ...(isMesh && { peer: 'spiffe://cluster.local/ns/traffic/sa/default' }),
  };
  const { outcomes } = decide(senderOf(step), `${to.host}:${to.port}`, call, world);
  expect(outcomes.length, 'outcomes that explain tells of a connection that was served').toBeGreaterThan(0);
}
