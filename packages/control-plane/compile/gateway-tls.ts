import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  SubjectAltNameMatcher_SanType,
  TlsParameters_TlsProtocol,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { Credential } from '../model/credential.ts';
import type { ServerTls, TlsVersion } from '../model/istio.ts';
import { secretConfig } from './config-source.ts';
import type { BoundServer } from './gateway-ports.ts';
import { meshServerTls, serverAlpn, type TransportSocket } from './mesh-tls.ts';
import { type Note, note } from './note.ts';
import type { Engine } from './proxy.ts';
import { certificateSecret, clientRootsSecret } from './secrets.ts';
import { any } from './serialize.ts';
import type { View } from './view.ts';

/** A server's TLS with the secrets that it needs. */
export interface ServerSocket {
  readonly socket: TransportSocket;
  readonly secrets: readonly XdsResource[];
}

const versions: Readonly<Record<TlsVersion, TlsParameters_TlsProtocol>> = {
  TLS_AUTO: TlsParameters_TlsProtocol.TLS_AUTO,
  TLSV1_0: TlsParameters_TlsProtocol.TLSv1_0,
  TLSV1_1: TlsParameters_TlsProtocol.TLSv1_1,
  TLSV1_2: TlsParameters_TlsProtocol.TLSv1_2,
  TLSV1_3: TlsParameters_TlsProtocol.TLSv1_3,
};

/** How a gateway's server terminates TLS; a note if it can't, and then there is no such server. */
export function serverTls(
  view: View,
  bound: BoundServer,
  alpn: readonly string[],
  engine: Engine,
): ServerSocket | { readonly note: Note } {
  const { gateway, server } = bound;
  const tls: ServerTls = server.spec.tls ?? {};
  const mode = tls.mode ?? 'SIMPLE';
  if (mode === 'ISTIO_MUTUAL')
    return { socket: meshServerTls(view.config.mesh.trustDomain, serverAlpn.http, engine), secrets: [] };
  const names = tls.credentialNames?.length ? tls.credentialNames : [tls.credentialName ?? ''];
  const secrets: XdsResource[] = [];
  const certificates: string[] = [];
  const bad = (message: string): { readonly note: Note } => ({
    note: note(gateway.origin, 'unknown-credential', message, `${server.origin.path}.tls`),
  });
  if (names[0] === '') return bad('needs credentialName: certificates in files of the gateway are not read');
  for (const name of names) {
    const found = findCredential(view, gateway.namespace, name);
    if (found?.credential.certificate === undefined || found.credential.key === undefined)
      return bad(`no Secret ${name} with tls.crt and tls.key in ${view.namespace} or ${gateway.namespace}`);
    certificates.push(found.secret);
    secrets.push(certificateSecret(found.secret, found.credential));
  }
  const mutual = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const roots = mutual ? clientRoots(view, gateway.namespace, tls, names[0] as string) : undefined;
  if (mutual && roots === undefined)
    return bad(`${mode} needs ca.crt in Secret ${names[0]} or ${names[0]}-cacert`);
  if (roots !== undefined) secrets.push(clientRootsSecret(roots.secret, roots.credential));
  const common: MessageInitShape<typeof CommonTlsContextSchema> = {
    tlsParams: {
      tlsMinimumProtocolVersion:
        versions[tls.minProtocolVersion ?? 'TLSV1_2'] || TlsParameters_TlsProtocol.TLSv1_2,
      tlsMaximumProtocolVersion:
        versions[tls.maxProtocolVersion ?? 'TLSV1_3'] || TlsParameters_TlsProtocol.TLSv1_3,
      cipherSuites: [...(tls.cipherSuites ?? [])],
      ecdhCurves: [...(tls.ecdhCurves ?? [])],
    },
    tlsCertificateSdsSecretConfigs: certificates.map((name) => secretConfig(name, engine)),
    alpnProtocols: [...alpn],
    ...(roots !== undefined && {
      validationContextType: {
        case: 'combinedValidationContext' as const,
        value: {
          defaultValidationContext: { matchTypedSubjectAltNames: (tls.subjectAltNames ?? []).map(exactName) },
          validationContextSdsSecretConfig: secretConfig(roots.secret, engine),
        },
      },
    }),
  };
  const value = any(DownstreamTlsContextSchema, {
    commonTlsContext: common,
    requireClientCertificate: mode === 'MUTUAL',
  });
  return {
    socket: { name: 'envoy.transport_sockets.tls', configType: { case: 'typedConfig', value } },
    secrets,
  };
}

interface FoundCredential {
  /** The secret's name on the wire. */
  readonly secret: string;
  readonly credential: Credential;
}

/**
 * A Secret of the gateway proxy's namespace, as in Istio; else of the Gateway's own, whose author put it there.
 */
function findCredential(view: View, namespace: string, name: string): FoundCredential | undefined {
  const { credentials } = view.config;
  const shared = credentials.get(`${view.namespace}/${name}`);
  if (shared !== undefined) return { secret: `kubernetes://${name}`, credential: shared };
  const own = credentials.get(`${namespace}/${name}`);
  return own && { secret: `kubernetes://${namespace}/${name}`, credential: own };
}

function clientRoots(
  view: View,
  namespace: string,
  tls: ServerTls,
  name: string,
): FoundCredential | undefined {
  const candidates = tls.caCertCredentialName ? [tls.caCertCredentialName] : [name, `${name}-cacert`];
  for (const candidate of candidates) {
    const found = findCredential(view, namespace, candidate);
    if (found?.credential.roots === undefined) continue;
    // A Secret with both parts is two secrets on the wire, told apart as in Istio.
    const secret = found.secret.endsWith('-cacert') ? found.secret : `${found.secret}-cacert`;
    return { ...found, secret };
  }
  return undefined;
}

const exactName = (
  value: string,
): {
  sanType: SubjectAltNameMatcher_SanType;
  matcher: { matchPattern: { case: 'exact'; value: string } };
} => ({
  sanType: value.includes('://') ? SubjectAltNameMatcher_SanType.URI : SubjectAltNameMatcher_SanType.DNS,
  matcher: { matchPattern: { case: 'exact', value } },
});
