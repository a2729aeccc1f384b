import type { LocalRateLimit, TokenBucketSettings } from '@tulle/decision/tables/rate-limit';

/** What a limit lets through, in words. */
export function describeLimit({ bucket, descriptors, enforced, perConnection }: LocalRateLimit): string {
  const each = [
    ...(bucket === undefined ? [] : [rate(bucket)]),
    ...descriptors.map((one) => `${rate(one.bucket)} for ${one.entries.map(entry).join(' and ')}`),
  ];
  const whose = perConnection ? ' on each connection' : '';
  const how = enforced === 0 ? ', which are counted only' : '';
  return `lets through ${each.join('; ')}${whose}${how}`;
}

function rate({ maxTokens, tokensPerFill, fillIntervalMs }: TokenBucketSettings): string {
  const interval = fillIntervalMs % 1000 === 0 ? `${fillIntervalMs / 1000} s` : `${fillIntervalMs} ms`;
  const steady = `${tokensPerFill} in ${interval}`;
  return maxTokens === tokensPerFill ? steady : `${maxTokens} at once and ${steady}`;
}

const entry = ({ key, value }: { readonly key: string; readonly value: string }): string =>
  value === '' ? `each ${key}` : `${key} ${value}`;
