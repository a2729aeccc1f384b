import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName, isIpAddress } from '../../schema/host.ts';
import { isDnsLabel } from '../../schema/name.ts';
import { checkExportTo } from '../visibility.ts';
import { checkHttpRoute } from './check-http.ts';
import { checkTcpRoute, checkTlsRoute } from './check-tcp.ts';
import { checkHedging } from './hedging.ts';
import type { VirtualService, VirtualServiceSpec } from './kind.ts';

/** What Istio's webhook refuses in a VirtualService (pkg/config/validation), and our rule on weights. */
export function checkVirtualService(service: VirtualService): Finding[] {
  const { spec } = service;
  const found = [
    ...checkHedging(service),
    ...checkHosts(spec),
    ...checkGateways(spec.gateways),
    ...checkExportTo(spec.exportTo, ['spec', 'exportTo']),
  ];
  const { http = [], tls = [], tcp = [] } = spec;
  if (http.length + tls.length + tcp.length === 0)
    found.push(error('required', ['spec'], 'must have a route: http, tls or tcp'));
  const delegate = isDelegate(spec);
  for (const [index, route] of http.entries())
    found.push(...checkHttpRoute(route, ['spec', 'http', index], delegate));
  for (const [index, route] of tls.entries())
    found.push(...checkTlsRoute(route, ['spec', 'tls', index], spec.hosts ?? []));
  for (const [index, route] of tcp.entries()) found.push(...checkTcpRoute(route, ['spec', 'tcp', index]));
  return [...found, ...unreachable(spec)];
}

/** A VirtualService without hosts is only reached from another one's `delegate`. */
export const isDelegate = (spec: VirtualServiceSpec): boolean => (spec.hosts ?? []).length === 0;

function checkHosts(spec: VirtualServiceSpec): Finding[] {
  const { hosts = [], gateways = [], tls = [], tcp = [], http = [] } = spec;
  if (hosts.length === 0) {
    const misplaced = (['gateways', 'tls', 'tcp'] as const).find((field) => (spec[field] ?? []).length > 0);
    if (gateways.length + tls.length + tcp.length + http.length === 0)
      return [error('required', ['spec', 'hosts'], 'is required: at least one host')];
    if (misplaced === undefined) return [];
    return [
      error(
        'required',
        ['spec', 'hosts'],
        `is required with ${misplaced} (only a delegate has no hosts, and it has http routes alone)`,
      ),
    ];
  }
  const inMesh = gateways.length === 0 || gateways.includes('mesh');
  return hosts.flatMap((host, index) => {
    const path = ['spec', 'hosts', index];
    if (!isHostName(host, true) && !isIpAddress(host))
      return [
        error(
          'bad-host',
          path,
          `must be a host name such as "reviews", "reviews.shop.svc.cluster.local" or "*.example.com", not ${JSON.stringify(host)}`,
        ),
      ];
    if (host === '*' && inMesh)
      return [
        error('bad-host', path, '"*" is only for gateways: name hosts, or name a gateway in spec.gateways'),
      ];
    if (hosts.indexOf(host) < index)
      return [error('duplicate', path, `is given twice: ${JSON.stringify(host)}`)];
    return [];
  });
}

function checkGateways(gateways: readonly string[] = []): Finding[] {
  return gateways.flatMap((name, index) =>
    isGatewayName(name)
      ? oldName(name, ['spec', 'gateways', index])
      : [
          error(
            'bad-name',
            ['spec', 'gateways', index],
            `must be the name of a gateway, "namespace/name" or "mesh", not ${JSON.stringify(name)}`,
          ),
        ],
  );
}

/** The form of before Istio 1.1: `name.namespace.svc…`. */
function oldName(name: string, path: FieldPath): Finding[] {
  if (name.includes('/') || !name.includes('.')) return [];
  const [label, namespace] = name.split('.');
  return [warning('deprecated', path, `is written in an old way; use "${namespace}/${label}"`)];
}

/** `name`, `namespace/name`, or the old form `name.namespace.svc…`. */
function isGatewayName(text: string): boolean {
  const [first = '', second, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  if (second === undefined) return isHostName(first, false);
  return (first === '.' || isDnsLabel(first)) && isHostName(second, false);
}

/** A route without matches takes everything: what stands behind it is never reached. */
function unreachable({ http = [] }: VirtualServiceSpec): Finding[] {
  const last = http.findIndex((route) => (route.match ?? []).length === 0);
  if (last < 0 || last === http.length - 1) return [];
  return [
    warning(
      'unreachable',
      ['spec', 'http', last + 1],
      `is never reached: spec.http[${last}] has no match and takes every request`,
    ),
  ];
}
