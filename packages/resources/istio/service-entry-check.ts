import { error, type Finding, warning } from '../finding.ts';
import { isHostName, isIpAddress, isIpOrCidr } from '../schema/host.ts';
import { isIstioLabel } from '../schema/name.ts';
import { checkEndpoint } from './endpoint.ts';
import { isProtocol } from './protocol.ts';
import { checkSelector } from './selector.ts';
import type { ServiceEntry, ServiceEntrySpec } from './service-entry.ts';
import { checkExportTo } from './visibility.ts';

/** What Istio's webhook refuses in a ServiceEntry beyond its CRD (pkg/config/validation). */
export function checkServiceEntry({ spec }: ServiceEntry): Finding[] {
  return [
    ...checkHosts(spec),
    ...checkPorts(spec),
    ...(spec.addresses ?? []).flatMap((address, index) =>
      isIpOrCidr(address)
        ? []
        : [
            error(
              'bad-address',
              ['spec', 'addresses', index],
              `must be an IP address or prefix such as "10.0.0.0/8", not ${JSON.stringify(address)}`,
            ),
          ],
    ),
    ...checkEndpoints(spec),
    ...checkSelector(spec.workloadSelector, ['spec', 'workloadSelector']),
    ...checkExportTo(spec.exportTo, ['spec', 'exportTo'], ['~']),
  ];
}

function checkHosts({ hosts, resolution = 'NONE', endpoints = [] }: ServiceEntrySpec): Finding[] {
  const resolved = resolution === 'DNS' || resolution === 'DNS_ROUND_ROBIN';
  return hosts.flatMap((host, index) => {
    const path = ['spec', 'hosts', index];
    if (!isHostName(host, true))
      return [
        error(
          'bad-host',
          path,
          `must be a host name such as "api.example.com" or "*.example.com", not ${JSON.stringify(host)}`,
        ),
      ];
    if (hosts.indexOf(host) < index)
      return [error('duplicate', path, `is given twice: ${JSON.stringify(host)}`)];
    if (resolution === 'DYNAMIC_DNS' && !host.startsWith('*.'))
      return [
        warning(
          'bad-host',
          path,
          `should be a wildcard such as "*.example.com" with resolution DYNAMIC_DNS; DNS looks up ${JSON.stringify(host)} ahead`,
        ),
      ];
    if (resolved && endpoints.length === 0 && host.includes('*'))
      return [
        error(
          'bad-host',
          path,
          `must be a full name with resolution ${resolution} and without endpoints: a wildcard cannot be looked up`,
        ),
      ];
    return [];
  });
}

function checkPorts({ ports = [] }: ServiceEntrySpec): Finding[] {
  return ports.flatMap(({ name, protocol }, index) => {
    const path = ['spec', 'ports', index];
    const found: Finding[] = [];
    if (!isIstioLabel(name))
      found.push(
        error('bad-name', [...path, 'name'], `must be letters, digits and "-", not ${JSON.stringify(name)}`),
      );
    if (protocol !== undefined && protocol !== '' && !isProtocol(protocol)) {
      found.push(
        error(
          'wrong-value',
          [...path, 'protocol'],
          `must be one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS, MYSQL, not ${JSON.stringify(protocol)}`,
        ),
      );
    }
    return found;
  });
}

function checkEndpoints({
  endpoints = [],
  ports = [],
  resolution = 'NONE',
  workloadSelector,
}: ServiceEntrySpec): Finding[] {
  const names = new Set(ports.map(({ name }) => name));
  const found = endpoints.flatMap((endpoint, index) => {
    const path = ['spec', 'endpoints', index];
    const address = endpoint.address ?? '';
    const unix = address.startsWith('unix://');
    const own = checkEndpoint(endpoint, path);
    if (own.length === 0 && resolution === 'STATIC' && address !== '' && !unix && !isIpAddress(address))
      own.push(
        error(
          'bad-address',
          [...path, 'address'],
          `must be an IP address with resolution STATIC, not ${JSON.stringify(address)}; use DNS for names`,
        ),
      );
    if (unix && resolution !== 'STATIC')
      own.push(
        error(
          'bad-address',
          [...path, 'address'],
          `a Unix socket needs resolution STATIC, not ${resolution}`,
        ),
      );
    for (const name of Object.keys(endpoint.ports ?? {})) {
      if (!names.has(name))
        own.push({
          ...error(
            'unknown-port',
            [...path, 'ports', name],
            `names no port of the service${names.size === 0 ? '' : ` (${[...names].join(', ')})`}`,
          ),
          atKey: true,
        });
    }
    return own;
  });
  if (resolution === 'DYNAMIC_DNS' && endpoints.length > 0)
    found.push(
      warning(
        'no-effect',
        ['spec', 'endpoints'],
        'have no effect: with DYNAMIC_DNS each request names its host',
      ),
    );
  if (resolution === 'STATIC' && endpoints.length === 0 && workloadSelector === undefined) {
    found.push(
      warning(
        'no-endpoints',
        ['spec'],
        'has resolution STATIC and neither endpoints nor workloadSelector: every call will fail',
      ),
    );
  }
  return found;
}
