import type { MessageInitShape } from '@bufbuild/protobuf';
import { ProxyProtocolConfig_Version } from '@tulle/xds/gen/envoy/config/core/v3/proxy_protocol_pb.js';
import { ProxyProtocolUpstreamTransportSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/proxy_protocol/v3/upstream_proxy_protocol_pb.js';
import type { CertificateValidationContextSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import { UpstreamTlsContextSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { ClientTls } from '../../model/istio.ts';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import type { Model } from '../../model/model.ts';
import type { Credential } from '../../model/security/credential.ts';
import { isForwarded } from '../../model/services/service.ts';
import type { ClusterRef } from '../clusters/cluster-ref.ts';
import { outboundProtocol } from '../clusters/http-protocol.ts';
import { secretConfig } from '../messages/config-source.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import type { Engine } from '../proxy.ts';
import { layerOf } from '../scope/protocol.ts';
import {
  clientAlpn,
  exactName,
  meshClientTls,
  meshServerName,
  type PeerIdentities,
  rawBuffer,
  type TransportSocket,
} from './mesh-tls.ts';
import { credentialName, credentialRootsName } from './secrets.ts';
import {
  certificatesInFiles,
  type Roots,
  revokedIn,
  type ShownCertificates,
  verifiedBy,
} from './tls-files.ts';
import { tlsVersion } from './tls-version.ts';

/** Of a cluster: one for all endpoints, or by their labels. */
interface Sockets {
  readonly transportSocket?: TransportSocket;
  readonly transportSocketMatches?: {
    readonly name: string;
    readonly match: Record<string, string>;
    readonly transportSocket: TransportSocket;
  }[];
}

/**
 * How a cluster speaks to its endpoints. Without a rule: mTLS to those that have a sidecar, plain text to
 * others, by the endpoint's `tlsMode` (Istio's auto mTLS).
 */
export function clientTls(ref: ClusterRef, model: Model, engine: Engine): Sockets {
  const { proxyProtocol } = ref.settings;
  const sockets = socketsOf(ref, model, engine);
  return proxyProtocol === undefined ? sockets : withProxyHeader(sockets, proxyProtocol.version);
}

function socketsOf(ref: ClusterRef, model: Model, engine: Engine): Sockets {
  const { service, settings } = ref;
  const tls = settings.tls;
  const mesh = (): TransportSocket => meshSocket(ref, model, engine, tls);
  switch (tls?.mode) {
    case 'DISABLE':
      return {};
    case 'SIMPLE':
    case 'MUTUAL':
      return { transportSocket: originatedTls(ref, tls, model.config.mesh, engine) };
    case 'ISTIO_MUTUAL':
      return { transportSocket: mesh() };
    case undefined:
      if (service.external || isForwarded(service)) return {};
      return {
        transportSocketMatches: [
          { name: 'tlsMode-istio', match: { tlsMode: 'istio' }, transportSocket: mesh() },
          { name: 'tlsMode-disabled', match: {}, transportSocket: rawBuffer },
        ],
      };
  }
}

/** Each connection begins with a PROXY header, before TLS (DestinationRule `proxyProtocol`). */
function withProxyHeader(
  { transportSocket = rawBuffer, transportSocketMatches }: Sockets,
  version = 'V1',
): Sockets {
  const wrap = (inner: TransportSocket): TransportSocket =>
    extension(
      'envoy.transport_sockets.upstream_proxy_protocol',
      any(ProxyProtocolUpstreamTransportSchema, {
        config: { version: ProxyProtocolConfig_Version[version as 'V1' | 'V2'] },
        transportSocket: inner,
      }),
    );
  if (transportSocketMatches === undefined) return { transportSocket: wrap(transportSocket) };
  return {
    transportSocketMatches: transportSocketMatches.map(({ transportSocket: inner, ...match }) => ({
      ...match,
      transportSocket: wrap(inner),
    })),
  };
}

function meshSocket(ref: ClusterRef, model: Model, engine: Engine, tls: ClientTls = {}): TransportSocket {
  const { service } = ref;
  const accounts = model.accounts.get(service.key) ?? [];
  const inNamespace = model.config.mesh.trustDomains.map(
    (domain) => `spiffe://${domain}/ns/${service.namespace}/sa/`,
  );
  const known = inNamespace.flatMap((prefix) => accounts.map((account) => `${prefix}${account}`));
  const exact = [...known, ...service.subjectAltNames];
  // Nobody serves it yet: instances of a service are always of its namespace.
  const served: PeerIdentities = exact.length > 0 ? { exact } : { prefixes: inNamespace };
  const peers = tls.subjectAltNames?.length ? { exact: tls.subjectAltNames } : served;
  const name = tls.sni || meshServerName(ref);
  return meshClientTls(model.config.mesh, peers, name, alpnOf(ref, engine), engine);
}

function alpnOf(ref: ClusterRef, engine: Engine): readonly string[] {
  const layer = layerOf(ref.port.protocol);
  if (layer === 'tcp') return clientAlpn.bytes;
  const protocol = outboundProtocol(ref, engine);
  if (engine === 'tulle' || protocol !== 'downstream') return clientAlpn[protocol];
  // An Envoy offers all of its list. Where it sniffs that is the list of bytes, and its chain for HTTP says another
  // (`sniffed.ts`); elsewhere, without a list, each connection offers what it speaks.
  return layer === 'sniffed' ? clientAlpn.bytes : [];
}

/** TLS that the proxy begins for its client (DestinationRule SIMPLE and MUTUAL). */
function originatedTls(
  { service, credential }: ClusterRef,
  tls: ClientTls,
  mesh: MeshSettings,
  engine: Engine,
): TransportSocket {
  const names = tls.subjectAltNames?.length ? tls.subjectAltNames : service.subjectAltNames;
  const sni = tls.sni || (service.host.startsWith('*') ? '' : service.host);
  const expected = names.length > 0 ? names : sni === '' ? [] : [sni];
  const validation: MessageInitShape<typeof CertificateValidationContextSchema> = {
    matchTypedSubjectAltNames: expected.map(exactName),
    ...revokedIn(tls.caCrl),
  };
  const roots: Roots =
    credential?.roots === undefined
      ? { file: tls.caCertificates }
      : { secret: credentialRootsName(credential) };
  const common = {
    ...originatedParameters(mesh),
    ...(tls.mode === 'MUTUAL' ? clientCertificate(tls, credential, engine) : {}),
    ...(tls.insecureSkipVerify ? {} : verifiedBy(roots, validation, engine)),
  };
  const value = any(UpstreamTlsContextSchema, { sni, commonTlsContext: common });
  return extension('envoy.transport_sockets.tls', value);
}

/** Rules name no versions and no algorithms: the mesh does. */
function originatedParameters({ tls: { defaults } }: MeshSettings) {
  const { minProtocolVersion, cipherSuites = [], ecdhCurves = [] } = defaults;
  if (minProtocolVersion === undefined && cipherSuites.length + ecdhCurves.length === 0) return {};
  return {
    tlsParams: {
      tlsMinimumProtocolVersion: tlsVersion(minProtocolVersion, 'TLSV1_2'),
      tlsMaximumProtocolVersion: tlsVersion(undefined, 'TLSV1_3'),
      cipherSuites: [...cipherSuites],
      ecdhCurves: [...ecdhCurves],
    },
  };
}

function clientCertificate(
  tls: ClientTls,
  credential: Credential | undefined,
  engine: Engine,
): ShownCertificates {
  if (credential?.certificate !== undefined)
    return { tlsCertificateSdsSecretConfigs: [secretConfig(credentialName(credential), engine)] };
  if (tls.clientCertificate === undefined) return {};
  return certificatesInFiles([{ certificate: tls.clientCertificate, key: tls.privateKey ?? '' }], engine);
}
