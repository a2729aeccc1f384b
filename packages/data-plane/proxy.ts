import type { Tables } from '@tulle/decision/tables';
import { certificateService } from '@tulle/xds/client/certificates';
import { holdingClock } from '@tulle/xds/clock';
import { parseNodeId } from '@tulle/xds/node';
import { startAdmin } from './admin/admin.ts';
import { adminSources } from './admin-sources.ts';
import { type Configuration, startConfiguration } from './config/subscription.ts';
import { drain } from './drain.ts';
import { Engine } from './engine.ts';
import { grpcConnector } from './grpc/connection.ts';
import { type ProxyIdentity, startIdentity } from './identity/identity.ts';
import { ownUri } from './identity/request-svid.ts';
import { FailureLog } from './listener/failure-log.ts';
import { createObservation } from './observation.ts';
import type { ProxyOptions, RunningProxy } from './proxy-handle.ts';
import { TimerWheel } from './timers/wheel.ts';

/** How long new connections are still taken while the news of our leaving travels, in milliseconds. */
const graceMs = 250;
/** A listener that could not be bound is tried again after so long. */
const bindAgainMs = 1_000;

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
  const { bootstrap, log, stdout, stderr, signal } = options;
  const { node, trustDomain } = bootstrap;
  const uri = ownUri(bootstrap);
  const role = parseNodeId(node.id)?.role ?? 'sidecar';
  let identity: ProxyIdentity | undefined;
  let configuration: Configuration | undefined;
  let started = false;

  // What carries traffic, and what watches it.
  const wheel = new TimerWheel();
  const observation = createObservation({ node, uri, wheel, stdout, stderr, tables: () => engine.tables });
  const refused = (listener: string, reason: string): void => log(`${listener}: TLS refused: ${reason}`);
  const engine: Engine = new Engine({
    node,
    trustDomain,
    role,
    uri,
    wheel,
    observe: observation.observers,
    onRefusedHandshake: refused,
  });

  // The admin endpoint answers from the first moment on.
  const admin = await startAdmin({
    ...bootstrap.admin,
    timers: wheel,
    sources: adminSources({
      bootstrap,
      registry: observation.registry,
      engine,
      identity: () => identity,
      configuration: () => configuration,
      started: () => started,
      drain: () => void drainOnce(),
      quit: options.onQuit,
    }),
  });

  const connect = grpcConnector(wheel);

  // Who we are: from the state directory, or by enrolment.
  const onFailure = (error: unknown): void => log(`identity: ${(error as Error).message}`);
  identity = await startIdentity(
    {
      bootstrap,
      clock: holdingClock,
      random: Math.random,
      callCertificateService: certificateService(connect),
      onFailure,
    },
    signal,
  );
  const own = identity;
  engine.setIdentity(own.current());
  own.onRotate((svid) => engine.setIdentity(svid));

  // What to do: the last good configuration first, then what the control plane says.
  const bound = Promise.withResolvers<void>();
  const failureLog = new FailureLog(log);
  const again = wheel.timer(() => void apply(engine.tables as Tables));
  const apply = async (tables: Tables): Promise<void> => {
    const failures = await engine.apply(tables);
    // Newer tables tell of the same listeners.
    if (engine.tables !== tables || engine.draining) return;
    failureLog.tell(failures);
    configuration?.reportFailures(failures);
    if (failures.length === 0 || (role === 'router' && failures.length < tables.listeners.size))
      bound.resolve();
    if (failures.length > 0) again.start(bindAgainMs);
  };
  configuration = startConfiguration({
    bootstrap,
    identity: () => own.current(),
    onTables: (tables) => void apply(tables),
    connect,
    log,
  });
  const { ready, close: leave } = configuration;

  const end = async (goodbye: boolean): Promise<void> => {
    again.stop();
    own.close();
    await leave(goodbye);
    engine.destroy();
    await Promise.all([admin.close(), observation.close()]);
  };
  let draining: Promise<void> | undefined;
  const drainOnce = (): Promise<void> => {
    draining ??= drain(engine, { graceMs, limitMs: bootstrap.drainSeconds * 1000 }).then(() => end(true));
    return draining;
  };
  return {
    engine,
    adminPort: admin.port,
    ready: Promise.all([ready, bound.promise]).then(() => {
      started = true;
    }),
    drain: drainOnce,
    close: () => end(false),
  };
}
