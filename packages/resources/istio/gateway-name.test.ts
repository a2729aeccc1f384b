import { expect, test } from 'vitest';
import { gatewayKey } from './gateway-name.ts';

test.each([
  ['edge', 'shop/edge'],
  ['./edge', 'shop/edge'],
  ['istio-system/edge', 'istio-system/edge'],
  ['edge.istio-system', 'istio-system/edge'],
  ['edge.istio-system.svc.cluster.local', 'istio-system/edge'],
])('%s is %s', (written, expected) => expect(gatewayKey(written, 'shop')).toBe(expected));
