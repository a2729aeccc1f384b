import type { XdsResource } from '@tulle/xds/resource';
import type { InstanceIndex } from '../../model/instances/instances.ts';
import type { Model } from '../../model/model.ts';
import { resourceKey } from '../../model/origin.ts';
import { endpointsOf } from '../endpoints/endpoints.ts';
import { cached, cachedByName } from '../messages/cached.ts';
import type { Engine } from '../proxy.ts';
import type { ClusterRef } from './cluster-ref.ts';
import { discoveryOf, outboundCluster } from './outbound-cluster.ts';

const identities = new WeakMap<ClusterRef, string>();

/** Tells the clusters of one name apart: views may see another service or other rules under it. */
const identityOf = (ref: ClusterRef): string => cached(identities, ref, () => identify(ref));

function identify(ref: ClusterRef): string {
  const { name, service, rule, credential, healthCheck, placement, network = '', captured } = ref;
  const rules =
    rule === undefined ? '' : `${rule.namespace}/${rule.origins.map((origin) => origin.name).join()}`;
  const secret = credential === undefined ? '' : resourceKey(credential.origin);
  const check = healthCheck === undefined ? '' : `${healthCheck.namespace}/${healthCheck.name}`;
  const redirected = captured && discoveryOf(ref) === 'forward' ? 'redirected' : '';
  return `${name} ${service.key} ${rules} ${secret} ${check} ${redirected} ${placement?.key ?? ''} ${network}`;
}

/** By what clusters depend on. */
const clusters = new WeakMap<object, Map<string, XdsResource>>();

/** A cluster, serialised once for all proxies that get the same. */
export function sharedCluster(model: Model, ref: ClusterRef, engine: Engine): XdsResource {
  const made = cached(clusters, model.config.basis.ofClusters, () => new Map<string, XdsResource>());
  const accounts = model.accounts.get(ref.service.key)?.join() ?? '';
  return cachedByName(made, `${engine} ${identityOf(ref)} ${accounts}`, () =>
    outboundCluster(ref, model, engine),
  );
}

const endpoints = new WeakMap<object, WeakMap<object, Map<string, XdsResource>>>();

/** A cluster's endpoints; the same object until one of the service's instances or a gateway between networks changes. */
function sharedEndpoints(model: Model, ref: ClusterRef): XdsResource {
  const ofConfig = cached(endpoints, model.networks, () => new WeakMap<object, Map<string, XdsResource>>());
  const instances: object = model.instances.byService.get(ref.service.key) ?? ref.service.listed;
  const made = cached(ofConfig, instances, () => new Map<string, XdsResource>());
  return cachedByName(made, identityOf(ref), () => endpointsOf(ref, model));
}

const endpointMaps = new WeakMap<
  InstanceIndex,
  WeakMap<readonly ClusterRef[], ReadonlyMap<string, XdsResource>>
>();

/** The endpoints of a list of clusters; proxies that share the list share the map. */
export function endpointsFor(model: Model, refs: readonly ClusterRef[]): ReadonlyMap<string, XdsResource> {
  const ofInstances = cached(
    endpointMaps,
    model.instances,
    () => new WeakMap<readonly ClusterRef[], ReadonlyMap<string, XdsResource>>(),
  );
  return cached(ofInstances, refs, () => new Map(refs.map((ref) => [ref.name, sharedEndpoints(model, ref)])));
}
