import { isIP } from 'node:net';
import type { DnsAnswer, DnsTable } from '@tulle/decision/tables/dns';
import type { Listener } from '@tulle/decision/tables/listener';
import type { listener_Listener } from '@tulle/xds/wire';
import { milliseconds } from '../values/duration.ts';
import { messageName, type Problems, read } from '../values/problems.ts';

const dnsFilterName = 'envoy.extensions.filters.udp.dns_filter.v3.DnsFilterConfig';
/** Envoy's defaults: `resolver_timeout` and `answer_ttl`. */
const defaultTimeoutMs = 5_000;
const defaultTtlMs = 300_000;
/** A client context without a limit: Envoy demands one, others may leave it out. */
const defaultPending = 256;
const maxPending = 4_096;

/**
 * A UDP listener with Envoy's DNS filter, the only kind of UDP listener that there is for us:
 * `inline_dns_table` is answered from, the rest forwarded if there is a `client_config`.
 */
export function translateDnsListener(listener: listener_Listener, problems: Problems): Listener | undefined {
  const [filter, ...others] = listener.listenerFilters;
  const config = filter?.typedConfig;
  if (config === undefined || messageName(config) !== dnsFilterName || others.length > 0) {
    problems.add('listener_filters', 'must be the DNS filter alone on a UDP listener');
    return undefined;
  }
  const { address = '', portValue = 0 } = listener.address?.socketAddress ?? {};
  const at = 'listener_filters[0].typed_config';
  const dns = translateTable(config.value, at, problems);
  if (dns === undefined) return undefined;
  return {
    name: listener.name,
    address,
    port: portValue,
    direction: 'outbound',
    inspectTimeoutMs: 0,
    continueOnInspectTimeout: false,
    inspectTls: false,
    inspectHttp: false,
    filterChains: [],
    dns,
  };
}

function translateTable(bytes: Uint8Array, at: string, problems: Problems): DnsTable | undefined {
  const config = read(dnsFilterName, bytes, at, problems);
  if (config === undefined) return undefined;
  const names = new Map<string, DnsAnswer>();
  const path = `${at}.server_config.inline_dns_table.virtual_domains`;
  (config.serverConfig?.inlineDnsTable?.virtualDomains ?? []).forEach(({ name, endpoint, answerTtl }, i) => {
    const addresses = endpoint?.addressList?.address ?? [];
    if (!isName(name)) problems.add(`${path}[${i}].name`, `"${name}" is no domain name`);
    for (const address of addresses)
      if (isIP(address) === 0)
        problems.add(`${path}[${i}].endpoint.address_list`, `"${address}" is no address`);
    const ttlMs = milliseconds(answerTtl, defaultTtlMs, `${path}[${i}].answer_ttl`, problems);
    names.set(name.toLowerCase(), { addresses, ttlSeconds: Math.round(ttlMs / 1000) });
  });
  const { clientConfig: client } = config;
  return {
    names,
    forwardTimeoutMs: milliseconds(
      client?.resolverTimeout,
      defaultTimeoutMs,
      `${at}.client_config.resolver_timeout`,
      problems,
    ),
    maxForwarded:
      client === undefined ? 0 : Math.min(maxPending, Number(client.maxPendingLookups) || defaultPending),
  };
}

/** RFC 1035 section 2.3.4, with underscores as services have them, and `*.` in front. */
function isName(name: string): boolean {
  return name.length <= 253 && /^(\*\.)?[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?$/i.test(name);
}
