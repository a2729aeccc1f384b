import type { JsonObject, JsonValue } from '@tulle/xds/json';
import { at, isObject, list, text } from '../../api/config-dump.ts';
import { durationWords } from './duration-words.ts';
import { addressOf } from './endpoint-facts.ts';
import type { Facts } from './facts.ts';
import { leavesOf } from './leaves.ts';
import { identityWords, upstreamWords } from './tls-words.ts';

/** envoy.config.cluster.v3.Cluster: how a destination is called. */
export function clusterFacts(resource: JsonObject): Facts {
  const {
    type,
    clusterType,
    edsClusterConfig: _eds,
    loadAssignment,
    lbPolicy,
    loadBalancingPolicy,
    protocolSelection: _selection,
    typedExtensionProtocolOptions,
    transportSocket,
    transportSocketMatches: _matches,
    ...rest
  } = resource;
  const options = at(typedExtensionProtocolOptions, httpOptions);
  const [protocol, { outlierDetection: errors, ...protocolOptions }] = protocolOf(options);
  const isChosen = clusterType !== undefined || type === 'ORIGINAL_DST';
  return new Map([
    ['security', securityWords(resource, transportSocket)],
    ...(isChosen ? [] : [['load balancing', balancingWords(lbPolicy, loadBalancingPolicy)] as const]),
    ['endpoints', isChosen ? 'what the client chose' : endpointWords(type, loadAssignment)],
    ...(protocol === '' ? [] : [['protocol', protocol] as const]),
    ...errorWords(at(errors, 'errorMatcher')),
    ...leavesOf({ ...rest, ...protocolOptions }),
  ]);
}

const httpOptions = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

function securityWords(resource: JsonObject, socket: JsonValue | undefined): string {
  const mutual = list(resource, 'transportSocketMatches').find(({ name }) => name === 'tlsMode-istio');
  if (mutual === undefined) return upstreamWords(socket);
  const own = mutual.transportSocket as JsonValue;
  const header = text(own, 'typedConfig', 'config', 'version');
  const identities = identityWords(own);
  return [
    `mTLS to sidecars${identities === '' ? '' : ` of ${identities}`}`,
    ...(header === '' ? [] : [`after a PROXY protocol header (${header})`]),
  ].join(', ');
}

const choices = {
  useDownstreamProtocolConfig: 'as the client’s',
  autoConfig: 'HTTP/2 where TLS agrees on it, else HTTP/1.1',
} as const;

/** What is spoken, and the options of what is spoken. */
function protocolOf(options: unknown): readonly [string, JsonObject] {
  if (!isObject(options)) return ['', {}];
  const { explicitHttpConfig, useDownstreamProtocolConfig, autoConfig, ...rest } = options as JsonObject;
  const [choice] = (['useDownstreamProtocolConfig', 'autoConfig'] as const).filter(
    (field) => options[field] !== undefined,
  );
  const chosen = explicitHttpConfig ?? useDownstreamProtocolConfig ?? autoConfig;
  const explicit = at(explicitHttpConfig, 'http2ProtocolOptions') === undefined ? 'HTTP/1.1' : 'HTTP/2';
  return [
    choice === undefined ? explicit : choices[choice],
    { ...rest, ...(isObject(chosen) ? (chosen as JsonObject) : {}) },
  ];
}

const balancing: Readonly<Record<string, string>> = {
  LEAST_REQUEST: 'least request',
  ROUND_ROBIN: 'round robin',
  RANDOM: 'random',
  RING_HASH: 'ring hash',
  MAGLEV: 'Maglev',
};

function balancingWords(policy: JsonValue | undefined, extension: JsonValue | undefined): string {
  const [own] = list(extension, 'policies').map((one) => at(one, 'typedExtensionConfig'));
  if (!text(own, 'name').endsWith('client_side_weighted_round_robin')) {
    const more = isObject(extension) ? [...leavesOf(extension as JsonObject)] : [];
    return [balancing[String(policy)] ?? String(policy), ...more.map((fact) => fact.join(' '))].join(', ');
  }
  const config = at(own, 'typedConfig');
  const metrics = at(config, 'metricNamesForComputingUtilization');
  const time = (field: string): string => durationWords(at(config, field)) ?? '';
  const parts = [
    Array.isArray(metrics) ? `of ${metrics.join(', ')}` : '',
    `weighed anew every ${time('weightUpdatePeriod') || '1 s'}`,
    `after ${time('blackoutPeriod') || '10 s'}`,
    `forgotten after ${time('weightExpirationPeriod') || '180 s'}`,
    `errors weigh ${Math.round(Number(text(config, 'errorUtilizationPenalty') || 0) * 100)} %`,
  ];
  return `by the load that endpoints report: ${parts.filter((part) => part !== '').join(', ')}`;
}

function endpointWords(type: JsonValue | undefined, assignment: JsonValue | undefined): string {
  const addresses = list(assignment, 'endpoints').flatMap((group) => {
    const locality = ['region', 'zone', 'subZone'].map((part) => text(group, 'locality', part));
    const where = locality.filter((part) => part !== '').join('/');
    return list(group, 'lbEndpoints').map(({ endpoint, loadBalancingWeight }) => {
      const weight = loadBalancingWeight === undefined ? '' : `weight ${loadBalancingWeight}`;
      const more = [where, weight].filter((part) => part !== '').join(', ');
      return `${addressOf(endpoint)}${more === '' ? '' : ` (${more})`}`;
    });
  });
  switch (type) {
    case 'EDS':
      return 'those of the mesh';
    case 'STRICT_DNS':
      return `all that DNS finds for ${addresses.join(', ')}`;
    case 'LOGICAL_DNS':
      return `one that DNS finds for ${addresses.join(', ')}`;
    default:
      return addresses.join(', ');
  }
}

/** What counts as an error where it is not only 5xx: `5[0-9][0-9]|429` ⇒ `5xx, 429`. */
function errorWords(matcher: unknown): (readonly [string, string])[] {
  const [status] = list(at(matcher, 'httpResponseHeadersMatch'), 'headers');
  const regex = text(status, 'stringMatch', 'safeRegex', 'regex');
  return regex === ''
    ? []
    : [['answers that are errors', regex.replace('5[0-9][0-9]', '5xx').replaceAll('|', ', ')]];
}
