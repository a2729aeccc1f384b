import type { Problem } from '@tulle/resources/problem';
import type { Origin } from '@tulle/xds/resource';
import type { Destination } from './istio.ts';
import { resourceKey } from './origin.ts';
import { isExportedTo } from './services/host.ts';
import { findPort, type Service, type ServiceIndex } from './services/service.ts';
import type { DestinationRuleIndex } from './traffic/destination-rule.ts';
import type { Gateway } from './traffic/gateway.ts';
import { destinationsOf, meshGateway, type VirtualService } from './traffic/virtual-service.ts';

/** Problems by `resourceKey` of the resource they are about. */
export class ProblemList {
  readonly #byResource = new Map<string, Problem[]>();

  readonly add = (origin: Origin, problem: Problem): void => {
    const key = resourceKey(origin);
    const list = this.#byResource.get(key) ?? [];
    this.#byResource.set(key, list);
    if (!list.some((known) => known.path === problem.path && known.message === problem.message))
      list.push(problem);
  };

  get byResource(): ReadonlyMap<string, readonly Problem[]> {
    return this.#byResource;
  }
}

/** References of virtual services that lead nowhere: the mesh runs, but not as was meant. */
export function checkVirtualServices(
  services: readonly VirtualService[],
  hosts: ServiceIndex,
  rules: DestinationRuleIndex,
  gateways: ReadonlyMap<string, Gateway>,
  report: (origin: Origin, problem: Problem) => void,
): void {
  const takers = new Map<string, VirtualService[]>();
  for (const service of services) {
    const { origin, namespace } = service;
    for (const [index, gateway] of service.gateways.entries()) {
      if (gateway === meshGateway || gateways.has(gateway)) continue;
      const path = `spec.gateways[${index}]`;
      report(origin, {
        severity: 'warning',
        code: 'unknown-gateway',
        path,
        message: `no Gateway ${gateway}`,
      });
    }
    for (const { destination, path } of destinationsOf(service)) {
      const problem = whyUnreachable(destination, namespace, hosts, rules);
      if (problem !== undefined) report(origin, { severity: 'warning', path, ...problem });
    }
    checkTaken(service, takers, report);
  }
}

/** Of several virtual services of a host, the oldest rule for everything keeps what no condition takes. */
function checkTaken(
  service: VirtualService,
  takers: Map<string, VirtualService[]>,
  report: (origin: Origin, problem: Problem) => void,
): void {
  const last = service.http.find(({ spec }) => !spec.match?.length);
  if (last === undefined) return;
  const { path = '' } = last.origins[0] ?? {};
  for (const gateway of service.gateways) {
    for (const host of service.hosts) {
      const known = takers.get(`${gateway} ${host}`) ?? [];
      takers.set(`${gateway} ${host}`, [...known, service]);
      const older = known.find((one) => isExportedTo(one.exportTo, one.namespace, service.namespace));
      if (older === undefined) continue;
      const message = `never reached for ${host}: a rule of the older VirtualService ${older.key} takes every request that no condition does`;
      report(service.origin, { severity: 'warning', code: 'conflicting-host', path, message });
    }
  }
}

/** Why a destination can't be reached from `namespace`; undefined: it can. */
function whyUnreachable(
  { host, subset, port }: Destination,
  namespace: string,
  hosts: ServiceIndex,
  rules: DestinationRuleIndex,
): Dead | undefined {
  const service = hosts.visible(host, namespace);
  if (service === undefined) return unknownHost(host);
  if (port?.number !== undefined && findPort(service, port.number) === undefined)
    return unknownPort(service, port.number);
  return subset && !rules.declaresSubset(service.host, subset) ? unknownSubset(host, subset) : undefined;
}

/** Why a destination is dead. Model and compile say it in the same words, so that it is shown once. */
export type Dead = Pick<Problem, 'code' | 'message'>;

export const unknownHost = (host: string): Dead => ({
  code: 'unknown-host',
  message: `no visible Service or ServiceEntry has the host ${host}`,
});

export function unknownPort({ host, ports }: Service, number: number): Dead {
  const known = ports.map((port) => port.number).join(', ');
  return {
    code: 'unknown-port',
    message: `${host} has no port ${number}, only ${known || 'none'}`,
  };
}

export const unknownSubset = (host: string, subset: string): Dead => ({
  code: 'unknown-subset',
  message: `no DestinationRule for ${host} has the subset ${subset}`,
});
