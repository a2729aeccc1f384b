import { expect, test } from 'vitest';
import type { LoadBalancer, TrafficPolicySpec } from '../istio.ts';
import { settingsFor } from './traffic-policy.ts';

const balancer = (simple: LoadBalancer['simple']): { loadBalancer: LoadBalancer } => ({
  loadBalancer: { simple },
});
const onPort = (number: number, simple: LoadBalancer['simple']) => ({
  portLevelSettings: [{ port: { number }, ...balancer(simple) }],
});
const outlierDetection = { consecutive5xxErrors: 3 };

// https://istio.io/latest/docs/reference/config/networking/destination-rule/ (TrafficPolicy.PortTrafficPolicy, Subset)
test('a subset inherits what it does not say itself, group by group', () => {
  const rule: TrafficPolicySpec = { ...balancer('RANDOM'), outlierDetection };
  expect(settingsFor(rule, undefined, 80)).toMatchObject(rule);
  expect(settingsFor(rule, balancer('ROUND_ROBIN'), 80)).toMatchObject({
    ...balancer('ROUND_ROBIN'),
    outlierDetection,
  });
});

test('settings of a port inherit nothing', () => {
  const rule: TrafficPolicySpec = { outlierDetection, ...onPort(80, 'RANDOM') };
  expect(settingsFor(rule, undefined, 80).loadBalancer).toEqual({ simple: 'RANDOM' });
  expect(settingsFor(rule, undefined, 80).outlierDetection).toBeUndefined();
  expect(settingsFor(rule, undefined, 81)).toMatchObject({ outlierDetection });
});

test('a subset’s groups come before the rule’s port, its port before all', () => {
  const rule: TrafficPolicySpec = { outlierDetection, ...onPort(80, 'RANDOM') };
  const subset = balancer('ROUND_ROBIN');
  expect(settingsFor(rule, subset, 80)).toMatchObject(subset);
  expect(settingsFor(rule, { outlierDetection }, 80)).toMatchObject({
    ...balancer('RANDOM'),
    outlierDetection,
  });
  const both = { ...subset, ...onPort(80, 'LEAST_REQUEST') };
  expect(settingsFor(rule, both, 80).loadBalancer).toEqual({ simple: 'LEAST_REQUEST' });
});

test('what only a host has is kept beside settings of a port', () => {
  const retryBudget = { percent: 10 };
  const rule: TrafficPolicySpec = { retryBudget, ...onPort(80, 'RANDOM') };
  expect(settingsFor(rule, undefined, 80)).toMatchObject({ retryBudget });
  expect(settingsFor(rule, { retryBudget: { percent: 5 } }, 80).retryBudget).toEqual({ percent: 5 });
});
