import { certificateService } from '@tulle/xds/client/certificates';
import { holdingClock } from '@tulle/xds/clock';
import { parseNodeId } from '@tulle/xds/node';
import type { Admin } from './admin/admin.ts';
import { adminSources } from './admin-sources.ts';
import { AppliedTables } from './applied-tables.ts';
import { type Configuration, startConfiguration } from './config/subscription.ts';
import { Endings } from './endings.ts';
import { Engine } from './engine.ts';
import { grpcConnector } from './grpc/connection.ts';
import { type ProxyIdentity, startIdentity } from './identity/identity.ts';
import { ownUri } from './identity/request-svid.ts';
import { refusalLog } from './listener/refusal-log.ts';
import { createObservation } from './observation.ts';
import { Gate } from './overload/gate.ts';
import type { ProxyOptions, RunningProxy } from './proxy-handle.ts';
import { TimerWheel } from './timers/wheel.ts';
import { partOf } from './workers/part.ts';
import { shareThrough } from './workers/sharing.ts';

/**
 * The proxy on one page.
 *
 * ```
 *   bootstrap ─▶ identity ─▶ configuration ─▶ tables ─▶ Engine.apply (one swap) ─▶ listeners, clusters
 *   accept ─▶ inspect ─▶ filter chain ─▶ TLS ─▶ codec ─▶ filters ─▶ router ─▶ upstream    (inside the Engine)
 * ```
 * @throws what trying again can't change: a token that was refused, an admin port that is taken
 */
export async function startProxy(options: ProxyOptions): Promise<RunningProxy> {
  const { bootstrap, parent, log, stdout, stderr, signal } = options;
  const { node, trustDomain } = bootstrap;
  const uri = ownUri(bootstrap);
  const role = parseNodeId(node.id)?.role ?? 'sidecar';
  let identity: ProxyIdentity | undefined;
  let configuration: Configuration | undefined;
  let admin: Admin | undefined;
  let started = false;

  // What carries traffic, and what watches it.
  const wheel = new TimerWheel();
  const observation = createObservation({ node, uri, wheel, stdout, stderr, tables: () => engine.tables });
  const engine: Engine = new Engine({
    node,
    trustDomain,
    role,
    uri,
    wheel,
    observe: observation.observers,
    gate: new Gate({ wheel, ...options.capacity }),
    ...(parent === undefined ? {} : { workers: shareThrough(parent, wheel, () => engine.clusters) }),
    onRefused: refusalLog(log, () => wheel.now()),
  });
  const part = partOf(parent, bootstrap, wheel);

  // The admin endpoint answers from the first moment on; the one of whom we take over from, until that retires.
  const opening = part.admin({
    ...bootstrap.admin,
    timers: wheel,
    sources: adminSources({
      bootstrap,
      registry: observation.registry,
      engine,
      identity: () => identity,
      configuration: () => configuration,
      started: () => started,
      drain: () => void endings.drain(),
      quit: options.onQuit,
    }),
  });
  const opened = opening?.then((endpoint) => {
    admin = endpoint;
  });
  if (parent?.succeeds === true) opened?.catch((error: unknown) => log(`admin: ${(error as Error).message}`));
  else await opened;

  // Who we are: from the state directory, or by enrolment.
  const connect = grpcConnector(wheel);
  const onFailure = (error: unknown): void => log(`identity: ${(error as Error).message}`);
  const callService = certificateService(connect);
  const own = await part.identity(() =>
    startIdentity(
      {
        ...{ bootstrap, clock: holdingClock, random: Math.random, onFailure },
        callCertificateService: callService,
        ...(parent === undefined ? {} : { newToken: () => parent.enrolmentToken() }),
      },
      signal,
    ),
  );
  identity = own;
  engine.setIdentity(own.current());
  own.onRotate((svid) => engine.setIdentity(svid));

  // What to do: the last good configuration first, then what the control plane says.
  const applied = new AppliedTables({
    engine,
    log,
    role,
    onFailures: (failures) => configuration?.reportFailures(failures),
  });
  const onTables = applied.apply.bind(applied);
  const subscribe = (): Promise<Configuration> =>
    part.configuration(
      (more) =>
        startConfiguration({
          bootstrap,
          identity: () => own.current(),
          onTables,
          connect,
          log,
          ...more,
        }),
      onTables,
    );
  const first = await subscribe();
  configuration = first;

  const endings = new Endings({
    bootstrap,
    engine,
    closeAdmin: () => admin?.close(),
    async end(goodbye) {
      applied.stop();
      own.close();
      await configuration?.close(goodbye);
      engine.destroy();
      await observation.close();
    },
  });
  // A successor takes the control plane over as it begins, all else when it serves.
  parent?.onSuccession({
    onSucceeded: () => void configuration?.close(false),
    onResume: async () => {
      configuration = await subscribe();
    },
    onRetire: () => void endings.retire().then(options.onRetired),
  });

  return {
    engine,
    adminPort: admin?.port,
    ready: Promise.all([first.ready, applied.bound]).then(() => {
      started = true;
      parent?.serving();
    }),
    drain: () => endings.drain(),
    close: () => endings.close(),
  };
}
