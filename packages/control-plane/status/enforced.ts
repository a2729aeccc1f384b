import type { RateLimitPolicy } from '@tulle/resources/tulle/limits/rate-limit-policy';
import { serviceRef } from '../compile/filters/limits/global-rate-limit.ts';
import type { Model } from '../model/model.ts';
import type { Finding } from './conditions.ts';

/**
 * `Enforced`: whether requests above a RateLimitPolicy's limits are refused. What proxies count by themselves is (`Applied` says
 * at how many); what they count together is once the rate limit service serves.
 */
export function enforcedCondition({ metadata, spec }: RateLimitPolicy, model: Model): Finding {
  const observedGeneration = metadata.generation ?? 0;
  const condition = (status: Finding['status'], reason: string, message: string): Finding => ({
    type: 'Enforced',
    status,
    reason,
    message,
    observedGeneration,
  });
  if (spec.mode === 'REPORT') return condition('False', 'ReportOnly', 'mode REPORT refuses nothing');
  if (spec.scope !== 'MESH') return condition('True', 'CountedByProxies', '');
  const { host, port } = serviceRef({ spec });
  const service = model.config.services.visible(host, metadata.namespace ?? 'default');
  const where = `${host}:${port}`;
  const meanwhile =
    spec.service?.onFailure === 'DENY'
      ? 'requests are refused with 500 (onFailure: DENY)'
      : 'nothing is limited (onFailure: ALLOW)';
  if (service === undefined) return condition('False', 'NoService', `there is no ${host}: ${meanwhile}`);
  if (service.selector === undefined)
    return condition('Unknown', 'ServiceNotWatched', `nobody here sees whether ${where} serves`);
  const instances = model.instances.byService.get(service.key) ?? [];
  if (instances.some(({ health }) => health === 'healthy'))
    return condition('True', 'ServiceReady', `${where} counts`);
  return condition('False', 'ServiceNotReady', `no instance of ${where} is ready: ${meanwhile}`);
}
