import type { Cluster } from '@tulle/decision/tables/cluster';
import type { Listener } from '@tulle/decision/tables/listener';
import { type Draft, encode, type Messages } from '@tulle/xds/wire';
import { describe, expect, test } from 'vitest';
import { ads, httpChain, pack } from '../../messages.fixture.ts';
import { filterReaders } from '../filters/filter-readers.ts';
import { translateResource } from '../resource.ts';

type ListenerMessage = Draft<Messages['envoy.config.listener.v3.Listener']>;
type ClusterMessage = Draft<Messages['envoy.config.cluster.v3.Cluster']>;
type Address = Draft<Messages['envoy.config.core.v3.Address']>;
type Header = Draft<Messages['envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol']>;

const chain = httpChain({ rds: { configSource: ads, routeConfigName: 'r' } });
const socket = (address: string, more: { ipv4Compat?: boolean } = {}): Address => ({
  socketAddress: { address, portValue: 80, ...more },
});

function listener(message: ListenerMessage): Listener | string {
  const bytes = encode('envoy.config.listener.v3.Listener', { name: 'l', filterChains: [chain], ...message });
  const result = translateResource('listener', 'l', bytes, filterReaders);
  return result.ok ? result.value : result.reason;
}

function cluster(message: ClusterMessage): Cluster | string {
  const bytes = encode('envoy.config.cluster.v3.Cluster', { name: 'c', type: 'STATIC', ...message });
  const result = translateResource('cluster', 'c', bytes, filterReaders);
  return result.ok ? result.value : result.reason;
}

describe('addresses of listeners', () => {
  test.each<[Address, Partial<Listener>]>([
    [socket('127.0.0.1'), { address: '127.0.0.1', port: 80 }],
    [socket('::1'), { address: '::1', port: 80 }],
    [socket('::'), { address: '::', ipv6Only: true }],
    [{ pipe: { path: '/run/a', mode: 0o600 } }, { address: '/run/a', port: 0, socketMode: 0o600 }],
    [{ pipe: { path: '@a' } }, { address: '@a', port: 0 }],
  ])('%j', (address, expected) => expect(listener({ address })).toMatchObject(expected));

  test('only an IPv6 wildcard can be for one family', () => {
    for (const address of [socket('::', { ipv4Compat: true }), socket('127.0.0.1')])
      expect(listener({ address })).not.toHaveProperty('ipv6Only');
  });

  test.each<[Address, string]>([
    [{ pipe: { path: 'relative' } }, 'address.pipe.path: "relative" must begin with / or @'],
    [{ pipe: { path: `/${'a'.repeat(107)}` } }, 'address.pipe.path: is too long for a socket'],
    [{ pipe: { path: '/a', mode: 0o1000 } }, 'address.pipe.mode: 512 is no file mode'],
    [{ pipe: { path: '@a', mode: 0o600 } }, 'address.pipe.mode: an abstract socket has none'],
    [{ socketAddress: { address: '::', portValue: 0 } }, 'address.socket_address.port_value: 0 is no port'],
  ])('%j is refused', (address, reason) => expect(listener({ address })).toContain(reason));
});

test('endpoints may be Unix sockets', () => {
  const loadAssignment = {
    endpoints: [{ lbEndpoints: [{ endpoint: { address: { pipe: { path: '/run/app' } } } }] }],
  };
  expect(cluster({ loadAssignment })).toMatchObject({
    discovery: { endpoints: [{ address: '/run/app', port: 0 }] },
  });
});

describe('PROXY protocol', () => {
  const name = 'envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol';
  const filter = (header: Header = {}) => ({ name: 'p', typedConfig: pack(name, header) });
  const inspector = {
    name: 't',
    typedConfig: pack('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  };
  const address = socket('127.0.0.1');

  test.each<[Header, Listener['proxyProtocol']]>([
    [{}, { versions: ['v1', 'v2'], optional: false }],
    [{ allowRequestsWithoutProxyProtocol: true }, { versions: ['v1', 'v2'], optional: true }],
    [{ disallowedVersions: ['V1'] }, { versions: ['v2'], optional: false }],
  ])('in: %j', (header, proxyProtocol) =>
    expect(listener({ address, listenerFilters: [filter(header), inspector] })).toMatchObject({
      proxyProtocol,
      inspectTls: true,
    }),
  );

  test('in: after an inspector, or of no version, it is refused', () => {
    expect(listener({ address, listenerFilters: [inspector, filter()] })).toContain(
      'listener_filters[1]: must come before inspectors',
    );
    expect(listener({ address, listenerFilters: [filter({ disallowedVersions: ['V1', 'V2'] })] })).toContain(
      'disallowed_versions: must leave one',
    );
  });

  test('out: around plain text and around TLS', () => {
    const wrapped = (version: 'V1' | 'V2', transportSocket = {}) => ({
      typedConfig: pack(
        'envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport',
        {
          config: { version },
          transportSocket,
        },
      ),
    });
    const tls = {
      typedConfig: pack('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { sni: 'a' }),
    };
    const plain = cluster({ transportSocket: wrapped('V1') });
    expect(plain).toMatchObject({ proxyProtocol: 'v1' });
    expect(plain).not.toHaveProperty('tls');
    expect(cluster({ transportSocketMatches: [{ transportSocket: wrapped('V2', tls) }] })).toMatchObject({
      tlsMatches: [{ proxyProtocol: 'v2', tls: { sni: 'a' } }],
    });
    expect(cluster({ transportSocket: wrapped('V1', wrapped('V2')) })).toContain(
      'transport_socket.typed_config.transport_socket: one PROXY header is enough',
    );
  });
});
