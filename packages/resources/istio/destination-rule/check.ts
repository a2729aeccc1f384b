import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isHostName, isIpAddress } from '../../schema/host.ts';
import { isIstioLabel, isLabelValue, isQualifiedName } from '../../schema/name.ts';
import { checkExportTo } from '../visibility.ts';
import { checkLocalities, checkZonesUse } from './check-localities.ts';
import type { ClientTls } from './client-tls.ts';
import type { ConnectionPool, OutlierDetection } from './connection-pool.ts';
import type { DestinationRule, Subset } from './kind.ts';
import type { LoadBalancer } from './load-balancer.ts';
import type { PortTrafficPolicy, TrafficPolicy } from './traffic-policy.ts';

/** What Istio's webhook refuses in a DestinationRule (pkg/config/validation). */
export function checkDestinationRule({ spec }: DestinationRule): Finding[] {
  const found: Finding[] = [];
  if (spec.host === '' || (!isHostName(spec.host, true) && !isIpAddress(spec.host))) {
    found.push(
      error(
        'bad-host',
        ['spec', 'host'],
        `must be a host name such as "reviews" or "*.example.com", not ${JSON.stringify(spec.host)}`,
      ),
    );
  }
  if (spec.trafficPolicy !== undefined)
    found.push(...checkPolicy(spec.trafficPolicy, ['spec', 'trafficPolicy']));
  found.push(...checkSubsets(spec.subsets ?? []), ...checkExportTo(spec.exportTo, ['spec', 'exportTo']));
  if (
    spec.workloadSelector !== undefined &&
    (spec.exportTo ?? ['.']).some((namespace) => namespace !== '.')
  ) {
    found.push(error('conflict', ['spec', 'exportTo'], 'must be "." alone beside a workloadSelector'));
  }
  return found;
}

function checkSubsets(subsets: readonly Subset[]): Finding[] {
  return subsets.flatMap((subset, index) => {
    const path = ['spec', 'subsets', index];
    const found: Finding[] = [];
    const first = subsets.findIndex(({ name }) => name === subset.name);
    if (!isIstioLabel(subset.name))
      found.push(
        error(
          'bad-name',
          [...path, 'name'],
          `must be letters, digits and "-", not ${JSON.stringify(subset.name)}`,
        ),
      );
    else if (first < index)
      found.push(
        error(
          'duplicate',
          [...path, 'name'],
          `is the name of spec.subsets[${first}] too: ${JSON.stringify(subset.name)}`,
        ),
      );
    for (const [key, value] of Object.entries(subset.labels ?? {})) {
      if (!isQualifiedName(key) || !isLabelValue(value))
        found.push(
          error(
            'bad-label',
            [...path, 'labels', key],
            'is not a valid label: at most 63 letters, digits, "-", "_" or "." each',
          ),
        );
    }
    if (subset.trafficPolicy !== undefined)
      found.push(...checkPolicy(subset.trafficPolicy, [...path, 'trafficPolicy']));
    return found;
  });
}

function checkPolicy(policy: TrafficPolicy, path: FieldPath): Finding[] {
  const found = [...checkSaysSomething(policy, path), ...checkCommon(policy, path)];
  const ports = policy.portLevelSettings ?? [];
  for (const [index, setting] of ports.entries()) {
    const at = [...path, 'portLevelSettings', index];
    const number = setting.port?.number ?? 0;
    if (number === 0) found.push(error('required', [...at, 'port', 'number'], 'is required (integer)'));
    else if (ports.slice(0, index).some(({ port }) => port?.number === number))
      found.push(error('duplicate', [...at, 'port', 'number'], `has settings twice: ${number}`));
    const { port: _, ...own } = setting;
    found.push(...checkSaysSomething(own, at), ...checkCommon(setting, at));
  }
  if (
    policy.tunnel !== undefined &&
    !isHostName(policy.tunnel.targetHost, false) &&
    !isIpAddress(policy.tunnel.targetHost)
  ) {
    found.push(
      error(
        'bad-host',
        [...path, 'tunnel', 'targetHost'],
        `must be a host name or an IP address, not ${JSON.stringify(policy.tunnel.targetHost)}`,
      ),
    );
  }
  const protocol = policy.tunnel?.protocol;
  if (protocol !== undefined && protocol !== '' && protocol !== 'CONNECT' && protocol !== 'POST') {
    found.push(
      error(
        'wrong-value',
        [...path, 'tunnel', 'protocol'],
        `must be one of CONNECT, POST, not ${JSON.stringify(protocol)}`,
      ),
    );
  }
  return found;
}

/** Istio refuses settings without a setting: most often what stands below is not indented enough. */
function checkSaysSomething(settings: object, path: FieldPath): Finding[] {
  return Object.keys(settings).length > 0 ? [] : [error('required', path, 'says nothing: it needs a field')];
}

function checkCommon(policy: TrafficPolicy | PortTrafficPolicy, path: FieldPath): Finding[] {
  return [
    ...(policy.loadBalancer === undefined
      ? []
      : checkLoadBalancer(policy.loadBalancer, [...path, 'loadBalancer'])),
    ...(policy.connectionPool === undefined
      ? []
      : checkPool(policy.connectionPool, [...path, 'connectionPool'])),
    ...(policy.outlierDetection === undefined
      ? []
      : checkOutliers(policy.outlierDetection, [...path, 'outlierDetection'])),
    ...(policy.tls === undefined ? [] : checkTls(policy.tls, [...path, 'tls'])),
  ];
}

function checkLoadBalancer(loadBalancer: LoadBalancer, path: FieldPath): Finding[] {
  const { simple, consistentHash } = loadBalancer;
  const found: Finding[] = [];
  if (simple === 'LEAST_CONN')
    found.push(warning('deprecated', [...path, 'simple'], 'LEAST_CONN is deprecated; use LEAST_REQUEST'));
  if (consistentHash !== undefined) {
    const { httpHeaderName, httpCookie, useSourceIp, httpQueryParameterName, minimumRingSize } =
      consistentHash;
    const at = [...path, 'consistentHash'];
    if (!httpHeaderName && httpCookie === undefined && !useSourceIp && !httpQueryParameterName) {
      found.push(
        error(
          'required',
          at,
          'must say by what: httpHeaderName, httpCookie, useSourceIp or httpQueryParameterName',
        ),
      );
    }
    if (httpCookie?.name === '')
      found.push(error('required', [...at, 'httpCookie', 'name'], 'must not be empty'));
    if (minimumRingSize !== undefined)
      found.push(
        warning('deprecated', [...at, 'minimumRingSize'], 'is deprecated; use ringHash.minimumRingSize'),
      );
    for (const name of ['ringHash', 'maglev'] as const)
      if (minimumRingSize && consistentHash[name] !== undefined)
        found.push(error('conflict', [...at, name], 'conflicts with minimumRingSize: set only one of both'));
    const size = Number(consistentHash.maglev?.tableSize ?? 0);
    if (size !== 0 && !isTableSize(size))
      found.push(
        error(
          'wrong-value',
          [...at, 'maglev', 'tableSize'],
          `must be a prime below ${maxTableSize + 1}, such as 65537, not ${size}`,
        ),
      );
  }
  found.push(...checkLocalities(loadBalancer, path), ...checkZonesUse(loadBalancer, path));
  return found;
}

/** Envoy's limit (Maglev, table_size). */
const maxTableSize = 5_000_011;

function isTableSize(size: number): boolean {
  if (!Number.isInteger(size) || size < 2 || size > maxTableSize) return false;
  for (let factor = 2; factor * factor <= size; factor++) if (size % factor === 0) return false;
  return true;
}

function checkPool(pool: ConnectionPool, path: FieldPath): Finding[] {
  const { http = {}, tcp = {} } = pool;
  const counts = [
    ...(
      [
        'http1MaxPendingRequests',
        'http2MaxRequests',
        'maxRequestsPerConnection',
        'maxRetries',
        'maxConcurrentStreams',
      ] as const
    ).map((name) => ({ at: ['http', name], value: http[name] })),
    { at: ['tcp', 'maxConnections'], value: tcp.maxConnections },
  ];
  const found = counts.flatMap(({ at, value }) =>
    value !== undefined && value < 0
      ? [error('out-of-range', [...path, ...at], `must be ≥ 0, not ${value}`)]
      : [],
  );
  found.push(...checkSaysSomething(pool, path));
  if (http.useClientProtocol === true && http.h2UpgradePolicy === 'UPGRADE') {
    found.push(
      error('conflict', [...path, 'http', 'useClientProtocol'], 'conflicts with h2UpgradePolicy: UPGRADE'),
    );
  }
  return found;
}

function checkOutliers(outliers: OutlierDetection, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  for (const name of ['maxEjectionPercent', 'minHealthPercent'] as const) {
    const value = outliers[name];
    if (value !== undefined && (value < 0 || value > 100))
      found.push(error('out-of-range', [...path, name], `must be between 0 and 100 (percent), not ${value}`));
  }
  if (outliers.consecutiveLocalOriginFailures && outliers.splitExternalLocalOriginErrors !== true)
    found.push(
      error(
        'conflict',
        [...path, 'consecutiveLocalOriginFailures'],
        'needs splitExternalLocalOriginErrors: true',
      ),
    );
  if (outliers.consecutiveErrors !== undefined) {
    found.push(
      warning(
        'deprecated',
        [...path, 'consecutiveErrors'],
        'is deprecated; use consecutive5xxErrors or consecutiveGatewayErrors',
      ),
    );
  }
  return found;
}

function checkTls(tls: ClientTls, path: FieldPath): Finding[] {
  const {
    mode = 'DISABLE',
    credentialName,
    clientCertificate,
    privateKey,
    caCertificates,
    insecureSkipVerify,
    subjectAltNames = [],
  } = tls;
  const files = { clientCertificate, privateKey, caCertificates };
  const found: Finding[] = [];
  if (mode === 'ISTIO_MUTUAL') {
    for (const [name, value] of Object.entries({ ...files, credentialName })) {
      if (value)
        found.push(
          error(
            'conflict',
            [...path, name],
            'has no meaning with mode ISTIO_MUTUAL (the mesh’s own certificates are used)',
          ),
        );
    }
  } else if (credentialName) {
    for (const [name, value] of Object.entries(files))
      if (value) found.push(error('conflict', [...path, name], 'conflicts with credentialName'));
  } else if (mode === 'MUTUAL') {
    for (const name of ['clientCertificate', 'privateKey'] as const) {
      if (!files[name])
        found.push(error('required', [...path, name], 'is required for mode MUTUAL (or credentialName)'));
    }
  }
  if (insecureSkipVerify === true)
    for (const [name, value] of Object.entries({ caCertificates, subjectAltNames: tls.subjectAltNames }))
      if (value)
        found.push(
          error('conflict', [...path, name], 'conflicts with insecureSkipVerify: nothing is verified'),
        );
  if (insecureSkipVerify === true && mode !== 'SIMPLE' && mode !== 'MUTUAL')
    found.push(error('conflict', [...path, 'insecureSkipVerify'], 'needs mode SIMPLE or MUTUAL'));
  for (const [index, name] of subjectAltNames.entries())
    if (name === '') found.push(error('required', [...path, 'subjectAltNames', index], 'must not be empty'));
  return found;
}
