/**
 * A mesh for all rows: control plane and applications in this process, proxies of one engine. Resources are applied
 * before the senders start, so that a sender's first configuration is that of every row: nothing is waited for twice.
 */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startControlPlane } from '@tulle/control-plane/control-plane';
import type { ProxyStatus } from '@tulle/control-plane/routes/proxies';
import { createApiClient } from '../../packages/cli/api/client.ts';
import type { ProxyView } from '../../packages/cli/explain/proxy-view.ts';
import { MemoryCounters } from '../../packages/cli/rate-limit-service/memory-counters.ts';
import { serveRateLimits } from '../../packages/cli/rate-limit-service/server.ts';
import { PortAllocator } from '../../packages/cli/up/ports/ports.ts';
import { eventually, temporaryFolder } from '../mesh.ts';
import { AccessLog } from './access-log.ts';
import { apply, applyAll, type Refused } from './apply.ts';
import { type Certificates, makeCertificates, type Pair, withMesh } from './certificates.ts';
import { type Echo, Sightings, startEcho } from './echo.ts';
import { viewsOf } from './explained.ts';
import { foundations, meshName } from './foundations.ts';
import { relays, senders, servers } from './members.ts';
import { planFor, type RowPlan, upstreamsOf } from './plan.ts';
import { type ProxySurroundings, promptEnvoy } from './proxies.ts';
import type { Engine, From, Scenario } from './scenario.ts';
import { type Entrance, startRelay, startSender, startServer } from './start.ts';

export interface World {
  readonly engine: Engine;
  readonly plans: ReadonlyMap<Scenario, RowPlan>;
  readonly sightings: Sightings;
  readonly accessLog: AccessLog;
  /** For explanations; none of Envoys. */
  readonly views: ReadonlyMap<From, ProxyView>;
  readonly certificates: Certificates;
  readonly entrances: Readonly<Record<From, Entrance>>;
  /** Rows whose resources were refused, or have no effect, and why. */
  readonly refused: Refused;
  /** What the control plane did not expect. */
  readonly complaints: readonly string[];
  proxies(): Promise<readonly ProxyStatus[]>;
  /** @throws Error for what is refused, or has no effect */
  apply(text: string): Promise<void>;
  close(): Promise<void>;
}

/** @param settings of the mesh */
export async function startWorld(
  engine: Engine,
  rows: readonly Scenario[],
  settings: object,
): Promise<World> {
  const running = new AsyncDisposableStack();
  /** What proxies said, for the case that one does not start. */
  const words: string[] = [];
  try {
    const folder = temporaryFolder();
    running.defer(() => folder.remove());
    const certificates = await makeCertificates(join(folder.path, 'certs'));
    const ports = new PortAllocator(process.pid * 64);

    const complaints: string[] = [];
    // Applications outside the mesh, whose ports rows name.
    const sightings = new Sightings();
    const echo = async (name: string, pair = 'outside'): Promise<Echo> => {
      const shown = { ...(certificates.pairs.get(pair) as Pair), ca: certificates.ca };
      const one = await startEcho(name, sightings, shown);
      running.defer(() => one.close());
      return one;
    };
    const limiter = await serveRateLimits('127.0.0.1:0', new MemoryCounters(), (error) =>
      complaints.push(error.message),
    );
    running.defer(() => limiter.close());
    const around = {
      ports,
      certificates,
      limiter: limiter.port,
      eastwest: await ports.take(),
      far: await ports.take(),
      outside: await Promise.all([echo('out1'), echo('out2', 'revoked')]),
    };
    const plans = new Map<Scenario, RowPlan>();
    for (const [index, row] of rows.entries()) plans.set(row, await planFor(row, index, around));

    const plane = await startControlPlane({
      config: { mesh: meshName, trustDomain: 'cluster.local', stateDir: folder.path },
      log: (text, error) => void (error !== undefined && complaints.push(`${text}: ${String(error)}`)),
    });
    running.defer(() => plane.close());
    const token = readFileSync(join(folder.path, 'api-token'), 'utf8').trim();
    const client = createApiClient({ url: plane.api, token });
    const behind = new Set(upstreamsOf('networked', plans.values()).map(({ host }) => host));
    const foundation = foundations(certificates, settings, [...behind]);
    const refused = await applyAll(client, foundation, plans.values());

    const accessLog = new AccessLog();
    const ofProxies = join(folder.path, 'proxies');
    mkdirSync(ofProxies);
    const surroundings: ProxySurroundings = {
      ...{ engine, plane, client, mesh: meshName, folder: ofProxies },
      envoy: engine === 'envoy' ? promptEnvoy(ofProxies) : '',
      onLogLine: () => {},
      onWords: (text) => void words.push(text),
    };
    const serving = Object.entries(servers).map(async ([version, member]) => {
      const proxy = await startServer(
        member,
        await echo(version),
        ports,
        surroundings,
        version === 'far' ? around.far : undefined,
      );
      running.defer(() => proxy.close());
    });
    const relaying = startRelay(relays.eastwest, around.eastwest, ports, surroundings).then((proxy) =>
      running.defer(() => proxy.close()),
    );
    await Promise.all([...serving, relaying]);
    const entrances = {} as Record<From, Entrance>;
    const sending = (Object.keys(senders) as From[]).map(async (from) => {
      const declares = from !== 'client' && from !== 'gateway';
      const calls = declares ? upstreamsOf(from, plans.values()) : undefined;
      const logged = { ...surroundings, onLogLine: (line: string) => accessLog.take(line, from) };
      const { proxy, entrance } = await startSender(senders[from], calls, ports, logged);
      running.defer(() => proxy.close());
      entrances[from] = entrance;
    });
    await Promise.all(sending);

    const proxies = async (): Promise<readonly ProxyStatus[]> => {
      const list = await client.request('GET', '/apis/tulle.dev/v1alpha1/proxies');
      return (list as { items: ProxyStatus[] }).items;
    };
    await eventually('every proxy has what is wanted', async () =>
      (await proxies()).every(({ synced }) => synced) ? true : undefined,
    );
    return {
      ...{ engine, plans, sightings, accessLog, entrances, refused, complaints, proxies },
      views: engine === 'tulle' ? await viewsOf(await proxies()) : new Map(),
      certificates: await withMesh(certificates, folder.path),
      apply: (text) => apply(client, text),
      close: () => running.disposeAsync(),
    };
  } catch (error) {
    await running.disposeAsync();
    throw new Error(`no world: ${(error as Error).message}\n${words.slice(-20).join('\n')}`, {
      cause: error,
    });
  }
}
