import type { Writable } from 'node:stream';
import type { Tables } from '@tulle/decision/tables';
import { callCertificateService } from '@tulle/xds/client/certificates';
import { parseNodeId } from '@tulle/xds/node';
import type { Bootstrap } from './bootstrap.ts';
import { startConfiguration } from './config/subscription.ts';
import { drain } from './drain.ts';
import { Engine } from './engine.ts';
import { startIdentity } from './identity/identity.ts';
import { systemWallClock } from './identity/wall-clock.ts';
import { createObservation } from './observation.ts';
import { TimerWheel } from './timers/wheel.ts';

export interface ProxyOptions {
  readonly bootstrap: Bootstrap;
  readonly log: (message: string) => void;
  /** Where access logs for /dev/stdout and /dev/stderr go. */
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Ends the wait for an identity. */
  readonly signal?: AbortSignal;
  /** `/quitquitquit` was asked for. */
  readonly onQuit?: () => void;
}

export interface Proxy {
  readonly engine: Engine;
  /** Identity, configuration and listeners are there. */
  readonly ready: Promise<void>;
  /** Finishes what is open, says goodbye to the control plane, ends. */
  drain(): Promise<void>;
  /** Ends at once; the control plane takes it for lost. */
  close(): Promise<void>;
}

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
 * @throws what identity says cannot change (a token that was refused), or an admin port that is taken
 */
export async function startProxy({
  bootstrap,
  log,
  stdout,
  stderr,
  signal,
  onQuit,
}: ProxyOptions): Promise<Proxy> {
  const { node, trustDomain, drainSeconds } = bootstrap;
  const role = parseNodeId(node.id)?.role ?? 'sidecar';
  let isReady = false;

  // What carries traffic, and what watches it.
  const { NAMESPACE, SERVICE_ACCOUNT } = node.metadata;
  const uri = `spiffe://${trustDomain}/ns/${NAMESPACE}/sa/${SERVICE_ACCOUNT}`;
  const wheel = new TimerWheel();
  const observation = createObservation({ node, uri, wheel, stdout, stderr, tables: () => engine.tables });
  const engine: Engine = new Engine({
    node,
    trustDomain,
    role,
    uri,
    wheel,
    observe: observation.observers,
    onRefusedHandshake: (listener, reason) => log(`${listener}: TLS refused: ${reason}`),
  });

  // Who we are: from the state directory, or by enrolment.
  const identity = await startIdentity(
    {
      bootstrap,
      clock: systemWallClock,
      random: Math.random,
      callCertificateService,
      onFailure: (error) => log(`identity: ${(error as Error).message}`),
    },
    signal,
  );
  engine.setIdentity(identity.current());
  identity.onRotate((svid) => engine.setIdentity(svid));

  // What to do: the last good configuration first, then what the control plane says.
  const bound = Promise.withResolvers<void>();
  const again = engine.wheel.timer(() => void (engine.tables !== undefined && apply(engine.tables)));
  const apply = async (tables: Tables): Promise<void> => {
    const failures = await engine.apply(tables);
    for (const { listener, reason } of failures) log(`listener ${listener}: ${reason}`);
    if (failures.length > 0 && !engine.draining) again.start(bindAgainMs);
    else if (engine.tables === tables) bound.resolve();
  };
  const configuration = startConfiguration({
    bootstrap,
    identity: () => identity.current(),
    onTables: (tables) => void apply(tables),
    log,
  });

  const end = async (goodbye: boolean): Promise<void> => {
    again.stop();
    identity.close();
    await configuration.close(goodbye);
    engine.destroy();
    await observation.close();
  };
  let draining: Promise<void> | undefined;
  const drainAll = (): Promise<void> => {
    draining ??= drain(engine, { graceMs, limitMs: drainSeconds * 1000 }).then(() => end(true));
    return draining;
  };
  return {
    engine,
    ready: Promise.all([configuration.ready, bound.promise]).then(() => {
      isReady = true;
    }),
    drain: drainAll,
    close: () => end(false),
  };
}
