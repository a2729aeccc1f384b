import type { MessageInitShape } from '@bufbuild/protobuf';
import type { TransportSocketSchema } from '@tulle/xds/gen/envoy/config/core/v3/base_pb.js';
import { RawBufferSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.js';
import {
  SubjectAltNameMatcher_SanType,
  type SubjectAltNameMatcherSchema,
  TlsParameters_TlsProtocol,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import { identitySecret, rootsSecret, secretConfig } from '../messages/config-source.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';

export type TransportSocket = MessageInitShape<typeof TransportSocketSchema>;
type CommonTlsContext = MessageInitShape<typeof CommonTlsContextSchema>;
type SanMatcher = MessageInitShape<typeof SubjectAltNameMatcherSchema>;

const tls13 = TlsParameters_TlsProtocol.TLSv1_3;

export const rawBuffer: TransportSocket = extension(
  'envoy.transport_sockets.raw_buffer',
  any(RawBufferSchema, {}),
);

/** By which name a sidecar asks for a port of a service, or a subset of it (Istio). */
export const meshServerName = ({
  service,
  port,
  subset,
}: Pick<ClusterRef, 'service' | 'port' | 'subset'>): string =>
  `outbound_.${port.number}_.${subset?.spec.name ?? ''}_.${service.host}`;

/** Which SPIFFE IDs a peer may have. */
export type PeerIdentities = { readonly exact: readonly string[] } | { readonly prefixes: readonly string[] };

/** Any of the mesh. */
export const anyOf = ({ trustDomains }: MeshSettings): PeerIdentities => ({
  prefixes: trustDomains.map((domain) => `spiffe://${domain}/`),
});

/** A client's half of mTLS between sidecars: who must answer, and by which name the server is asked for. */
export function meshClientTls(
  mesh: MeshSettings,
  peers: PeerIdentities,
  sni: string,
  alpn: readonly string[],
  engine: Engine,
): TransportSocket {
  return extension(
    'envoy.transport_sockets.tls',
    any(UpstreamTlsContextSchema, { sni, commonTlsContext: meshTls(mesh, peers, alpn, engine) }),
  );
}

/** A server's half: who may call, by certificate. */
export function meshServerTls(
  mesh: MeshSettings,
  peers: PeerIdentities,
  alpn: readonly string[],
  engine: Engine,
): TransportSocket {
  return extension(
    'envoy.transport_sockets.tls',
    any(DownstreamTlsContextSchema, {
      commonTlsContext: meshTls(mesh, peers, alpn, engine),
      requireClientCertificate: true,
    }),
  );
}

/**
 * ALPN between sidecars. Istio's name is in all of them: a Node server refuses a client with which it has no protocol
 * in common, and with it a caller and a callee that hear of a new protocol at different times still agree. Where
 * it is chosen, the first bytes say what is spoken.
 */
export const serverAlpn = {
  http: ['h2', 'istio', 'http/1.1'],
  /** Of a port that was sniffed: what an Envoy knows before what only tells ours how to take it. */
  sniffedHttp: ['h2', 'http/1.1', 'istio-http/1.1', 'istio-h2', 'istio-http/1.0'],
  bytes: ['istio-peer-exchange', 'istio'],
} as const;

/** What clients offer, by what the cluster speaks. Our proxy leaves out what a connection does not speak. */
export const clientAlpn = {
  http1: ['istio', 'http/1.1'],
  http2: ['h2', 'istio'],
  auto: ['h2', 'istio', 'http/1.1'],
  downstream: ['istio-http/1.1', 'http/1.1', 'istio-h2', 'h2', 'istio'],
  bytes: ['istio'],
} as const;

/** By which a port that does not say its protocol tells what comes from another sidecar, as Istio's. */
export const sniffedHttpAlpn = ['istio-http/1.0', 'istio-http/1.1', 'istio-h2'];

function meshTls(
  { tls }: MeshSettings,
  peers: PeerIdentities,
  alpn: readonly string[],
  engine: Engine,
): CommonTlsContext {
  return {
    tlsParams: {
      tlsMinimumProtocolVersion: tls13,
      tlsMaximumProtocolVersion: tls13,
      ecdhCurves: [...tls.meshCurves],
    },
    tlsCertificateSdsSecretConfigs: [secretConfig(identitySecret, engine)],
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: { matchTypedSubjectAltNames: sanMatchers(peers) },
        validationContextSdsSecretConfig: secretConfig(rootsSecret, engine),
      },
    },
    alpnProtocols: [...alpn],
  };
}

function sanMatchers(peers: PeerIdentities): SanMatcher[] {
  if ('prefixes' in peers)
    return peers.prefixes.map((value) => ({
      sanType: SubjectAltNameMatcher_SanType.URI,
      matcher: { matchPattern: { case: 'prefix', value } },
    }));
  return peers.exact.map(exactName);
}

/** A name that a certificate must have: a URI, or a DNS name. */
export const exactName = (value: string): SanMatcher => ({
  sanType: value.includes('://') ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS,
  matcher: { matchPattern: { case: 'exact', value } },
});
