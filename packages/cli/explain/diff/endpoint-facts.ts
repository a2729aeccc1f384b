import type { JsonObject } from '@tulle/xds/json';
import { list, text } from '../../api/config-dump.ts';
import type { Facts } from './facts.ts';
import { leavesOf } from './leaves.ts';

/** envoy.config.endpoint.v3.ClusterLoadAssignment: what is true of each address. */
export function endpointFacts(resource: JsonObject): Facts {
  const facts = new Map<string, string>();
  for (const { lbEndpoints, locality, ...group } of list(resource, 'endpoints') as JsonObject[]) {
    const parts = ['region', 'zone', 'subZone'].map((part) => text(locality, part));
    const where = parts.join('/').replace(/\/+$/, '');
    for (const { endpoint, ...says } of (lbEndpoints ?? []) as JsonObject[]) {
      const state = [...leavesOf({ ...group, ...says })].flatMap(([field, value]) =>
        stateWords(field, value),
      );
      facts.set(addressOf(endpoint), [...state, ...(where === '' ? [] : [`in ${where}`])].join(', '));
    }
  }
  return facts;
}

/** envoy.config.endpoint.v3.Endpoint: `127.0.0.1:20008`, or a Unix socket's path. */
export function addressOf(endpoint: unknown): string {
  const address =
    text(endpoint, 'address', 'socketAddress', 'address') || text(endpoint, 'address', 'pipe', 'path');
  const port = text(endpoint, 'address', 'socketAddress', 'portValue');
  if (port === '') return address;
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `loadBalancingWeight 1` ⇒ `weight 1`, `healthStatus HEALTHY` ⇒ `healthy`; nothing of whose health nobody asks. */
function stateWords(field: string, value: string): string[] {
  if (field === 'healthStatus') return value === 'UNKNOWN' ? [] : [value.toLowerCase()];
  return [`${field.replace(/^loadBalancingWeight$/, 'weight')} ${value}`];
}
