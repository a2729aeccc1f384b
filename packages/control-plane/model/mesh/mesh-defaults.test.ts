import { expect, test } from 'vitest';
import type { PolicySettings } from '../istio.ts';
import { type MeshSpec, meshSettings } from './mesh.ts';
import { withMeshDefaults } from './mesh-defaults.ts';

const inside = { external: false };
const settled = (settings: PolicySettings, mesh: MeshSpec, service = inside): PolicySettings =>
  withMeshDefaults(settings, meshSettings(mesh), service);

test('a DestinationRule comes before the mesh, the mesh before what is built in', () => {
  const mesh: MeshSpec = { connectTimeout: '3s', h2UpgradePolicy: 'UPGRADE', tcpKeepalive: { probes: 2 } };
  const own = { tcp: { connectTimeout: '1s' }, http: { h2UpgradePolicy: 'DO_NOT_UPGRADE' as const } };
  expect(settled({}, {}).connectionPool).toMatchObject({ tcp: { connectTimeout: '10s' }, http: {} });
  expect(settled({}, mesh).connectionPool).toEqual({
    tcp: { connectTimeout: '3s', tcpKeepalive: { probes: 2 } },
    http: { h2UpgradePolicy: 'UPGRADE' },
  });
  expect(settled({ connectionPool: own }, mesh).connectionPool).toMatchObject(own);
  const unset = { connectionPool: { http: { h2UpgradePolicy: 'DEFAULT' as const } } };
  expect(settled(unset, mesh).connectionPool?.http?.h2UpgradePolicy).toBe('UPGRADE');
  expect(settled({}, mesh, { external: true }).connectionPool?.http?.h2UpgradePolicy).toBeUndefined();
});

test('without auto mTLS callers use none unless they are told', () => {
  const mesh = { enableAutoMtls: false };
  expect(settled({}, mesh).tls).toEqual({ mode: 'DISABLE' });
  expect(settled({ tls: { mode: 'ISTIO_MUTUAL' } }, mesh).tls).toEqual({ mode: 'ISTIO_MUTUAL' });
  expect(settled({}, {}).tls).toBeUndefined();
});

test('certificates are not verified only where the mesh says so and a rule says nothing of them', () => {
  const mesh = { verifyCertificateAtClient: false };
  expect(settled({ tls: { mode: 'SIMPLE' } }, mesh).tls?.insecureSkipVerify).toBe(true);
  expect(settled({ tls: { mode: 'SIMPLE' } }, {}).tls?.insecureSkipVerify).toBeUndefined();
  const told = { mode: 'SIMPLE' as const, caCertificates: '/ca.pem' };
  expect(settled({ tls: told }, mesh).tls).toEqual(told);
});
