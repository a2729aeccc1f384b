import { join } from 'node:path';
import type { Resource } from '@tulle/resources/kind';
import { kinds } from '@tulle/resources/kinds';
import { systemClock } from '@tulle/xds/clock';
import { ServedKinds } from './api/served-kinds.ts';
import { createResources } from './api/writer/resources.ts';
import type { ControlPlane, ControlPlaneOptions } from './config.ts';
import { GroupEntries } from './discovery/universal/group-entries.ts';
import { createRegistrationWriter } from './discovery/universal/registration-writer.ts';
import { startUniversal } from './discovery/universal/universal.ts';
import { startFetched } from './fetched/start-fetched.ts';
import { HandshakeGate } from './handshakes/gate.ts';
import { openAuthority } from './identity/authority.ts';
import { createEnrolmentTokens } from './identity/enrolment.ts';
import { controlPlaneIdentity, spiffeUri } from './identity/spiffe.ts';
import { startMirror } from './push/mirror.ts';
import { createProxyStreams } from './push/proxy-streams.ts';
import { Publisher } from './push/publisher.ts';
import { Metrics } from './routes/metrics.ts';
import { openDoors } from './startup/doors.ts';
import { startSystemResources } from './startup/system-resources.ts';
import { ProgressBook } from './status/progress.ts';
import { startStatus } from './status/start-status.ts';
import { openSqliteStore } from './store/sqlite.ts';

export type { ControlPlane, ControlPlaneOptions };

/**
 * The control plane on one page: store → discovery → model → compile → push; the authority beside it,
 * statuses behind it, the API in front. What starts later ends earlier.
 * @throws Error when the state can't be opened or the API's port is taken
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const { config, clock = systemClock, svidLifetimeMs, nameServers, log } = options;
  const { mesh, trustDomain, stateDir, address = '127.0.0.1', apiPort = 0 } = config;
  const running = new AsyncDisposableStack();
  const metrics = new Metrics();
  const onError = (error: unknown): void => {
    metrics.add('tulle_control_plane_errors_total');
    log('unexpected', error);
  };
  try {
    // What was answered is stored; everybody else sees only what is stored.
    const store = openSqliteStore(join(stateDir, 'store.sqlite'), { onError });
    running.defer(() => store.close());
    const resources = createResources({ store, kinds, clock });
    const system = await startSystemResources({ store, resources, onError });
    running.defer(() => system.close());

    // Who may be what.
    const authority = await openAuthority(join(stateDir, 'ca'), {
      ...{ trustDomain, clock },
      ...(svidLifetimeMs === undefined ? {} : { lifetimeMs: svidLifetimeMs }),
    });
    const tokens = createEnrolmentTokens({ clock, rootPin: authority.rootPin });

    // Who runs where: what was registered before is served at once. Changes are pushed without delay.
    const writer = createRegistrationWriter(store, resources);
    const onInstances = (): void => {
      publisher.instancesChanged();
      groupEntries.update(platform.instances());
      status.touch();
    };
    const platform = await startUniversal({ store, writer, clock, onInstances, onError });
    running.defer(() => platform.close());

    // What users want: a burst of changes is pushed once. WorkloadEntries are instances.
    const followed = kinds.filter(({ kind }) => kind !== 'Registration' && kind !== 'Event');
    const onChange = (kind: string): void => {
      if (kind === 'WorkloadEntry') publisher.workloadEntriesChanged();
      else publisher.configurationChanged();
      status.touch();
    };
    const mirror = await startMirror({ store, kinds: followed, onChange, onError });
    running.defer(() => mirror.close());

    // Who joined by a WorkloadGroup shows as a WorkloadEntry.
    const written = (): Iterable<Resource> => mirror.of('WorkloadEntry');
    const groupEntries = new GroupEntries({ resources, written, onError });
    running.defer(() => groupEntries.close());
    groupEntries.update(platform.instances());

    // Who may shake hands now; everything else makes room for it.
    const gate = new HandshakeGate(clock);
    const { pause } = gate;

    // Who is connected, and what each has answered.
    const progress = new ProgressBook();
    const streams = createProxyStreams({
      ...{ trustDomain, mirror, platform, progress, metrics, clock, pause, log },
      onOpen: (proxy) => publisher.connected(proxy),
      onClose: (id) => publisher.disconnected(id),
      onProgress: () => status.touch(),
    });

    // What others know: the keys of tokens' issuers, where network gateways are that have names.
    const fetched = startFetched({
      ...{ stateDir, clock, nameServers, onError },
      onKeys: () => publisher.configurationChanged(),
      onNames: () => publisher.instancesChanged(),
      onChange: () => status.touch(),
    });
    running.defer(() => fetched.close());

    // What each should have: model and compile, then the difference to its stream.
    const publisher = new Publisher({
      ...{ meshName: mesh, trustDomain, trustBundle: authority.roots, mirror, clock, pause, onError },
      instances: () => platform.instances(),
      publish: streams.publish,
      onStage: (stage, milliseconds) => metrics.pushed(stage, milliseconds),
      ...fetched.values,
      onModel: (model) => {
        fetched.want(model);
        status.touch();
      },
    });
    running.defer(() => publisher.close());
    fetched.want(publisher.model);

    // What became of it, on each resource.
    const status = startStatus({
      ...{ progress, writer: resources, kinds: new ServedKinds(kinds), clock, onError },
      resources: () => mirror.all(),
      instances: () => platform.instances(),
      model: () => publisher.model,
      problems: (key) => publisher.problems(key),
      failures: fetched.failures,
    });
    running.defer(() => status.close());

    // The doors: gRPC for proxies, HTTP for people. When they close, streams end because of us.
    const doors = await openDoors({
      ...{ mesh, stateDir, address, port: apiPort, store, resources, authority, tokens },
      ...{ streams, publisher, metrics, gate, clock, log, onError },
    });
    running.defer(() => doors.close());
    running.defer(() => platform.freeze());
    status.touch();

    const identity = spiffeUri(trustDomain, controlPlaneIdentity);
    return { ...doors, address, trustDomain, identity, close: () => running.disposeAsync() };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}
