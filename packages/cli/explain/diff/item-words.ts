import { at, isObject, text } from '../../api/config-dump.ts';
import { durationWords } from './duration-words.ts';

/** An item of a list as one fact. */
export interface ItemWords {
  readonly fact: string;
  readonly words: string;
}

/** envoy.config.route.v3.RouteAction.HashPolicy: what the endpoint is chosen by. */
export function hashWords(item: unknown): ItemWords | undefined {
  const by = [
    ['header', text(item, 'header', 'headerName')],
    ['cookie', text(item, 'cookie', 'name')],
    ['query parameter', text(item, 'queryParameter', 'name')],
    ['the client’s address', at(item, 'connectionProperties', 'sourceIp') === true ? ' ' : ''],
  ].find(([, name]) => name !== '');
  if (by === undefined || (isObject(item) && 'name' in item)) return undefined;
  return { fact: 'endpoint by', words: by.join(' ').trim() };
}

/** envoy.config.core.v3.HealthCheck: how endpoints are asked for their health. */
export function checkWords(item: unknown): ItemWords | undefined {
  const interval = durationWords(at(item, 'interval'));
  if (interval === undefined || at(item, 'unhealthyThreshold') === undefined) return undefined;
  const service = text(item, 'grpcHealthCheck', 'serviceName');
  const ways = [
    at(item, 'httpHealthCheck') && `HTTP ${text(item, 'httpHealthCheck', 'path')}`,
    at(item, 'grpcHealthCheck') && `gRPC ${service}`.trim(),
    at(item, 'tcpHealthCheck') && 'TCP',
  ];
  const [way = ''] = ways.filter((one) => typeof one === 'string');
  const thresholds = `out after ${text(item, 'unhealthyThreshold')}, in after ${text(item, 'healthyThreshold')}`;
  return { fact: 'asked for its health', words: `${way} every ${interval}, ${thresholds}` };
}
