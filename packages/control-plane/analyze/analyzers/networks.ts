import type { ConfigMap } from '@tulle/resources/core/config-map';
import { holdsMeshConfig, meshConfigNamespaces } from '@tulle/resources/istio/mesh-config/config-map';
import { formatPath } from '@tulle/resources/path';
import type { Origin } from '@tulle/xds/resource';
import { networkOf } from '../../compile/endpoints/network-of.ts';
import type { WorkloadInstance } from '../../model/instances/instance.ts';
import { instancePort } from '../../model/instances/instance-port.ts';
import type { MeshSpec } from '../../model/mesh/mesh.ts';
import { type GatewaySource, gatewayName } from '../../model/mesh/networks.ts';
import { at, originOf, resourceKey } from '../../model/origin.ts';
import { selects } from '../../model/selector.ts';
import {
  findPort,
  type ListedEndpoint,
  type Service,
  type ServicePort,
} from '../../model/services/service.ts';
import { gatewayPodPorts } from '../../model/traffic/gateway-pod-ports.ts';
import { networkLabel } from '../../model/traffic/locality.ts';
import { settingsFor } from '../../model/traffic/traffic-policy.ts';
import type { Analyzer } from '../analyzer.ts';
import type { AnalyzedMesh, AnalyzedWorkload } from '../mesh.ts';
import type { Message, Report } from '../message.ts';

const unknownGateway: Message = {
  code: 'TUL1201',
  name: 'NetworkGatewayNotFound',
  level: 'Error',
  about: 'The registryServiceName of a network’s gateway names no Service.',
  consequence:
    'It leads to nobody. Where the network has no other gateway, callers of other networks do not get its endpoints: 503 (UH).',
  remedy: 'Write the full name of the Service (eastwest.default.svc.cluster.local), or an address.',
};

const unservedGateway: Message = {
  code: 'TUL1202',
  name: 'NetworkGatewayWithoutInstances',
  level: 'Error',
  about: 'The Service that is a network’s gateway has no workload, or not the port.',
  consequence: unknownGateway.consequence,
  remedy:
    'Start a gateway that the Service selects; name its port by the label networking.istio.io/gatewayPort, or in meshNetworks.',
};

const notPassedThrough: Message = {
  code: 'TUL1203',
  name: 'NetworkGatewayWithoutPassThrough',
  level: 'Error',
  about: 'No Gateway has the gateway of a network pass connections through (tls.mode AUTO_PASSTHROUGH).',
  consequence: 'Connections from other networks are closed there: 503 (UF).',
  remedy: 'Add a Gateway that selects it, with a TLS server of that port whose tls.mode is AUTO_PASSTHROUGH.',
};

const noGateway: Message = {
  code: 'TUL1204',
  name: 'NetworkWithoutGateway',
  level: 'Warning',
  about: 'Something runs in a network that has no gateway, while callers run in others.',
  consequence: 'They try it at its own address, which may mean nothing, or something else, where they are.',
  remedy:
    'Correct the network’s name, or give it a gateway; nothing, where its addresses are reached from everywhere.',
};

const notMutual: Message = {
  code: 'TUL1205',
  name: 'NoMutualTlsThroughGateway',
  level: 'Warning',
  about:
    'Something behind the gateways of its network is not called by mTLS, by which alone they know where to send.',
  consequence: 'Callers of other networks do not get it; where there is nothing else, 503 (UH).',
  remedy:
    'Give it a sidecar and a serviceAccount, a ServiceEntry location MESH_INTERNAL, and no policy that switches mTLS off.',
};

const notReached: Message = {
  code: 'TUL1206',
  name: 'NetworkNotReached',
  level: 'Warning',
  about: 'A network has gateways, and none of them is ready, or has an address.',
  consequence: 'Callers of other networks do not get what is in it; where there is nothing else, 503 (UH).',
  remedy:
    'Start a gateway, or see why it is not ready (tulle status). Of one with a name, see the condition GatewaysResolved of the Mesh.',
};

/** Networks that are entered by gateways: whether these are there, and lead to what is behind them. */
export const networks: Analyzer = {
  messages: [unknownGateway, unservedGateway, notPassedThrough, noGateway, notMutual, notReached],
  *analyze(mesh, report) {
    const { config } = mesh;
    if (!config.networks.isSplit) return;
    const entrances = new Set<Service>();
    for (const [network, sources] of config.networks.gateways)
      for (const source of sources) {
        if (!('host' in source)) continue;
        if (source.service !== undefined) entrances.add(source.service);
        checkGateway(mesh, network, source, report);
      }
    const callers = callerNetworks(mesh, entrances);
    for (const network of config.networks.gateways.keys()) checkReached(mesh, network, callers, report);
    const isCalledFromElsewhere = (network: string): boolean =>
      network !== '' && callers.some((other) => other !== network);
    for (const service of config.services.all) {
      yield;
      if (service.resolution !== 'instances' || entrances.has(service)) continue;
      for (const endpoint of endpointsOf(mesh, service)) {
        const { network, origin, name } = endpoint;
        if (!isCalledFromElsewhere(network)) continue;
        if (!config.networks.gateways.has(network)) {
          report(noGateway, origin, `${name} is in ${network}, which has no gateway`);
          continue;
        }
        for (const port of service.ports) {
          const why = whyNotMutual(mesh, service, port, endpoint);
          if (why !== undefined) report(notMutual, origin, `${name} is in ${network}, and ${why}`);
        }
      }
    }
  },
};

/** Where those are who call others: what comes through a gateway between networks stays in its network. */
function callerNetworks({ model, config }: AnalyzedMesh, entrances: ReadonlySet<Service>): readonly string[] {
  const { sources, byService } = model.instances;
  const passing = new Set([...entrances].flatMap(({ key }) => byService.get(key) ?? []));
  const networks = sources.discovered
    .filter((instance) => !passing.has(instance))
    .map((instance) => networkOf(config.networks, instance));
  return [...new Set(networks)].filter((network) => network !== '').toSorted();
}

type GatewayService = Extract<GatewaySource, { readonly host: string }>;

function checkGateway(mesh: AnalyzedMesh, network: string, source: GatewayService, report: Report): void {
  const { config, knows, workloadsOf } = mesh;
  const { host, port, service } = source;
  const origin = originOfGateway(mesh, network, source);
  if (origin === undefined) return;
  if (service === undefined) {
    if (knows.hosts) report(unknownGateway, origin, `no Service has the name ${host}`);
    return;
  }
  if (findPort(service, port) === undefined) {
    report(unservedGateway, origin, `${host} has no port ${port}, by which ${network} is entered`);
    return;
  }
  const serving = workloadsOf(service);
  if (serving.length === 0) {
    if (knows.workloads && service.listed.length === 0)
      report(unservedGateway, origin, `no workload serves ${host}, by which ${network} is entered`);
    return;
  }
  const passes = (one: AnalyzedWorkload): boolean => {
    const podPort = gatewayPodPorts(config, one);
    return config.gateways.some(
      (gateway) =>
        one.isGateway &&
        selects(gateway.selector, one.labels) &&
        gateway.servers.some(
          ({ spec }) => spec.tls?.mode === 'AUTO_PASSTHROUGH' && podPort(spec.port.number) === podPort(port),
        ),
    );
  };
  // What a WorkloadEntry stands for is configured elsewhere.
  const blocked = serving.find((one) => (one.isGateway || one.origin !== undefined) && !passes(one));
  if (blocked !== undefined)
    report(
      notPassedThrough,
      origin,
      `${blocked.namespace}/${blocked.name} of ${host} passes nothing through at port ${port}`,
    );
}

/** Of a network that nobody enters: which gateways are not ready, in the words of each. */
function checkReached(mesh: AnalyzedMesh, network: string, callers: readonly string[], report: Report): void {
  const { config, model, workloadsOf } = mesh;
  const { gateways, names } = model.networks;
  const others = callers.filter((caller) => caller !== network);
  if (others.length === 0 || (gateways.get(network)?.length ?? 0) > 0) return;
  const sources = config.networks.gateways.get(network) ?? [];
  // Nobody has looked: one of them may be reached.
  if (names === undefined && sources.some((source) => 'name' in source)) return;
  const what = `${network} can’t be reached from ${others.join(', ')}`;
  for (const source of sources) {
    if ('name' in source) {
      const origin = originInMeshNetworks(mesh, network, source);
      if (origin !== undefined) report(notReached, origin, `${what}: ${source.name} has no address so far`);
    } else if ('host' in source && source.service !== undefined) {
      const { host, port, service } = source;
      // Others say what else is wrong.
      if (findPort(service, port) === undefined || workloadsOf(service).length === 0) continue;
      report(notReached, service.origin, `${what}: no instance of ${host} is ready at port ${port}`);
    }
  }
}

/** Where it is written that a Service is a gateway: in meshNetworks, or by its label. */
function originOfGateway(mesh: AnalyzedMesh, network: string, source: GatewayService): Origin | undefined {
  const { service } = source;
  return (
    originInMeshNetworks(mesh, network, source) ??
    (service && at(service.origin, formatPath(['metadata', 'labels', networkLabel])))
  );
}

function originInMeshNetworks(
  mesh: AnalyzedMesh,
  network: string,
  source: Exclude<GatewaySource, { readonly address: string }>,
): Origin | undefined {
  const { port } = source;
  const written = mesh.config.networks.written[network]?.gateways ?? [];
  const index = written.findIndex(
    (one) =>
      one.port === port &&
      ('host' in source ? one.registryServiceName === source.host : gatewayName(one) === source.name),
  );
  if (index < 0) return undefined;
  const own = 'host' in source ? 'registryServiceName' : 'address';
  const field = ['meshNetworks', 'networks', network, 'gateways', index, own];
  const resource = mesh.resources<MeshSpec>('Mesh').find(({ spec }) => spec.meshNetworks !== undefined);
  if (resource !== undefined) return resource.at(formatPath(['spec', ...field]));
  const maps = mesh.resources('ConfigMap').filter(({ resource }) => holdsMeshConfig(resource as ConfigMap));
  return meshConfigNamespaces
    .flatMap((namespace) => maps.find((map) => map.namespace === namespace) ?? [])[0]
    ?.at(formatPath(['data', ...field]));
}

/** What serves a service, in some network. */
interface Endpoint {
  readonly network: string;
  readonly origin: Origin;
  readonly name: string;
  readonly tlsMode: 'istio' | 'disabled';
  /** Undefined: it is only listed, and policies say nothing of it. */
  readonly instance: WorkloadInstance | undefined;
}

/** Not gateways, which are called as they are. */
function endpointsOf({ model, config }: AnalyzedMesh, service: Service): readonly Endpoint[] {
  const instances = model.instances.byService.get(service.key) ?? [];
  return [
    ...instances
      .filter(({ isGateway }) => isGateway !== true)
      .map((instance): Endpoint => {
        const { namespace, name, workload, tlsMode } = instance;
        const own = (kind: string, as: string) =>
          config.resources.get(resourceKey({ kind, namespace, name: as }));
        const written = own('WorkloadEntry', name) ?? own('Workload', workload);
        return {
          network: networkOf(config.networks, instance),
          origin: written === undefined ? service.origin : originOf(written, networkPath(written.spec)),
          ...{ name: workload, tlsMode, instance },
        };
      }),
    ...service.listed.map(
      (listed: ListedEndpoint, index): Endpoint => ({
        network: networkOf(config.networks, { ...listed, cluster: '' }),
        origin: at(service.origin, `spec.endpoints[${index}]`),
        ...{ name: listed.address || service.host, tlsMode: listed.tlsMode, instance: undefined },
      }),
    ),
  ];
}

const networkPath = (spec: unknown): string =>
  (spec as { readonly network?: string } | undefined)?.network === undefined ? '' : 'spec.network';

/** As compile has it for callers in the service's own namespace; undefined: it is called by mTLS. */
function whyNotMutual(
  { config }: AnalyzedMesh,
  service: Service,
  port: ServicePort,
  { tlsMode, instance }: Endpoint,
): string | undefined {
  const { host, namespace, external } = service;
  const rule = config.destinationRules.lookup(service, namespace, {});
  const mode = settingsFor(rule?.trafficPolicy, undefined, port.number).tls?.mode;
  if (mode !== undefined)
    return mode === 'ISTIO_MUTUAL' ? undefined : `a DestinationRule says ${mode} for ${host}:${port.number}`;
  if (external) return `${host} is MESH_EXTERNAL`;
  if (tlsMode === 'disabled') return 'it takes no mTLS: it has no sidecar, or says no serviceAccount';
  const target = instance && instancePort(instance, port);
  if (instance === undefined || target === undefined) return undefined;
  const known = instance.ports.find((one) => one.target === target)?.port ?? target;
  const taken = config.peerAuthentications.decide(instance.namespace, instance.labels, known);
  if (taken.mode !== 'DISABLE') return undefined;
  const { origin } = taken;
  return `${origin === undefined ? 'the Mesh' : `PeerAuthentication ${origin.namespace}/${origin.name}`} says DISABLE for port ${known}`;
}
