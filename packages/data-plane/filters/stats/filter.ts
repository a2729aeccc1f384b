import { stripPort } from '@tulle/decision/authority';
import { isGrpc } from '../../http/grpc.ts';
import { workloadLabelsOf } from '../../telemetry/peer-metadata.ts';
import type { HttpFilter } from '../filter.ts';
import type { FilterKind } from '../filter-kind.ts';
import { Pairs } from './pairs.ts';

/** Istio's standard metrics for each request that ends: reporter `destination` inbound, else `source`. */
export const statsFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/stats.PluginConfig',
  create(json, { direction, node, uri, metrics }) {
    const hostFallback =
      (json as { disable_host_header_fallback?: unknown } | undefined)?.disable_host_header_fallback !== true;
    const reporter = direction === 'inbound' ? 'destination' : 'source';
    const pairs = new Pairs({ metrics, reporter, self: workloadLabelsOf(node.metadata), uri });
    const filter: HttpFilter = {
      destroy({ info, request }) {
        const pair = pairs.of(info, hostFallback ? stripPort(info.authority) : '');
        pair.recordHttp(isGrpc(request.headers) ? 'grpc' : 'http', info);
      },
    };
    return filter;
  },
};
