import { expect, test } from 'vitest';
import { formatPath } from '../../path.ts';
import { checkMeshNetworks } from './mesh-networks.ts';

const problemsOf = (address: string): string[] =>
  checkMeshNetworks({ networks: { two: { gateways: [{ address, port: 15443 }] } } }, []).map(
    ({ code, path }) => `${code} ${formatPath(path)}`,
  );

test.each(['203.0.113.7', '2001:db8::1', 'gw.example.com', 'gw.example.com.', 'localhost', 'GW-2.example'])(
  '%s is the address or the name of a gateway',
  (address) => expect(problemsOf(address)).toEqual([]),
);

test.each(['', 'a b', '203.0.113.700', '203.0.113', '*.example.com', 'gw.example.com:15443', '10.0.0.0/8'])(
  '"%s" is neither',
  (address) => expect(problemsOf(address)).toEqual(['bad-address networks.two.gateways[0].address']),
);
