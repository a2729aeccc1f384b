import { error, type Finding } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName, isIpOrCidr } from '../../schema/host.ts';
import { checkDestination } from './check-destination.ts';
import { checkWeights } from './check-weights.ts';
import type { TcpRoute, TlsRoute } from './tcp-route.ts';

export function checkTlsRoute(route: TlsRoute, path: FieldPath, hosts: readonly string[]): Finding[] {
  const found: Finding[] = [];
  if (route.match.length === 0)
    found.push(error('required', [...path, 'match'], 'must have at least one match'));
  for (const [index, { sniHosts }] of route.match.entries()) {
    const at = [...path, 'match', index, 'sniHosts'];
    if (sniHosts.length === 0) found.push(error('required', at, 'must have at least one host'));
    for (const [which, sni] of sniHosts.entries()) {
      if (!isHostName(sni, true))
        found.push(error('bad-host', [...at, which], `must be a host name, not ${JSON.stringify(sni)}`));
      else if (!hosts.some((host) => covers(host, sni)))
        found.push(
          error(
            'bad-host',
            [...at, which],
            `must be covered by spec.hosts (${hosts.join(', ')}), but ${JSON.stringify(sni)} is not`,
          ),
        );
    }
  }
  return [...found, ...checkRoute(route.route ?? [], path)];
}

export function checkTcpRoute(route: TcpRoute, path: FieldPath): Finding[] {
  const found = (route.match ?? []).flatMap(({ sourceSubnet }, index) =>
    sourceSubnet === undefined || sourceSubnet === '' || isIpOrCidr(sourceSubnet)
      ? []
      : [
          error(
            'bad-address',
            [...path, 'match', index, 'sourceSubnet'],
            `must be an IP address or prefix, not ${JSON.stringify(sourceSubnet)}`,
          ),
        ],
  );
  return [...found, ...checkRoute(route.route ?? [], path)];
}

function checkRoute(
  route: readonly { destination: Parameters<typeof checkDestination>[0]; weight?: number }[],
  path: FieldPath,
): Finding[] {
  if (route.length === 0)
    return [error('required', [...path, 'route'], 'is required: at least one destination')];
  return [
    ...route.flatMap(({ destination }, index) =>
      checkDestination(destination, [...path, 'route', index, 'destination']),
    ),
    ...checkWeights(route, [...path, 'route']),
  ];
}

/** `*.example.com` covers `a.example.com` and `*.a.example.com`; a short host covers what starts with it and a dot. */
function covers(host: string, name: string): boolean {
  if (host === name || host === '*') return true;
  if (host.startsWith('*')) return name.replace(/^\*/, '').endsWith(host.slice(1));
  return !host.includes('.') && name.startsWith(`${host}.`);
}
