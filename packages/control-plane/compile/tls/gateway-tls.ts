import type { MessageInitShape } from '@bufbuild/protobuf';
import { isKnownCurve, isKnownSuite } from '@tulle/resources/istio/tls-names';
import { CertificateValidationContext_TrustChainVerification } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import {
  type CommonTlsContextSchema,
  DownstreamTlsContextSchema,
} from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import type { ServerTls } from '../../model/istio.ts';
import type { MeshSettings } from '../../model/mesh/mesh.ts';
import type { Credential } from '../../model/security/credential.ts';
import type { Gateway } from '../../model/traffic/gateway.ts';
import type { BoundServer } from '../gateways/gateway-ports.ts';
import { secretConfig } from '../messages/config-source.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';
import { type Note, note } from '../note.ts';
import type { Engine } from '../proxy.ts';
import type { View } from '../scope/view.ts';
import { anyOf, exactName, meshServerTls, serverAlpn, type TransportSocket } from './mesh-tls.ts';
import { certificateSecret, clientRootsSecret } from './secrets.ts';
import {
  certificatesInFiles,
  type PeerVerification,
  type Roots,
  revokedIn,
  type ShownCertificates,
  verifiedBy,
} from './tls-files.ts';
import { isOld, tlsVersion } from './tls-version.ts';

/** A server's TLS with the secrets that it needs, and what of it the proxy can't do. */
export interface ServerSocket {
  readonly socket: TransportSocket;
  readonly secrets: readonly XdsResource[];
  readonly notes: readonly Note[];
}

/** How a gateway's server terminates TLS; a note if it can't, and then there is no such server. */
export function serverTls(
  view: View,
  bound: BoundServer,
  engine: Engine,
): ServerSocket | { readonly note: Note } {
  const { gateway, server } = bound;
  const tls: ServerTls = server.spec.tls ?? {};
  const mode = tls.mode ?? 'SIMPLE';
  const isHttp = server.protocol === 'https';
  if (mode === 'ISTIO_MUTUAL') {
    const peers = tls.subjectAltNames?.length ? { exact: tls.subjectAltNames } : anyOf(view.config.mesh);
    const alpn = isHttp ? serverAlpn.http : serverAlpn.bytes;
    return { socket: meshServerTls(view.config.mesh, peers, alpn, engine), secrets: [], notes: [] };
  }
  const say = (code: 'unknown-credential' | 'not-supported', message: string, field = ''): Note =>
    note(gateway.origin, code, message, `${server.origin.path}.tls${field}`);
  const find: Find = (name) => findCredential(view, gateway, name);
  const ended = endedTls(tls, isHttp, view.config.mesh, engine, find);
  if ('lacks' in ended) {
    const places = [...new Set([view.namespace, gateway.namespace])].join(' or ');
    return { note: say('unknown-credential', ended.lacks.replace('%', places)) };
  }
  const notes = [];
  if (engine === 'tulle' && (isOld(tls.minProtocolVersion) || isOld(tls.maxProtocolVersion))) {
    const field = isOld(tls.maxProtocolVersion) ? '.maxProtocolVersion' : '.minProtocolVersion';
    notes.push(say('not-supported', 'TLS 1.0 and 1.1 are broken: TLS 1.2 is the lowest here', field));
  }
  return { ...ended, notes };
}

/**
 * TLS of clients outside the mesh that ends here, with the secrets that it needs; or what it lacks, `%` standing for
 * the namespaces where Secrets were looked for.
 */
export function endedTls(
  tls: ServerTls,
  isHttp: boolean,
  mesh: MeshSettings,
  engine: Engine,
  find: Find = () => undefined,
): Omit<ServerSocket, 'notes'> | { readonly lacks: string } {
  const mode = tls.mode ?? 'SIMPLE';
  const secrets: XdsResource[] = [];
  const shown = shownCertificates(tls, engine, find, secrets);
  if (typeof shown === 'string')
    return { lacks: shown === '' ? 'no certificate' : `no Secret ${shown} with tls.crt and tls.key in %` };
  const mutual = mode === 'MUTUAL' || mode === 'OPTIONAL_MUTUAL';
  const verified = mutual ? clientVerification(tls, engine, find, secrets) : {};
  if (typeof verified === 'string') return { lacks: `${mode} needs ${verified}` };
  const { defaults } = mesh.tls;
  // A name that an engine does not know would have it refuse the listener, and with it other Gateways' servers.
  const own = (
    list: readonly string[] = [],
    absent: readonly string[] = [],
    isKnown: (name: string) => boolean,
  ) => {
    const known = list.filter(isKnown);
    return [...(known.length > 0 ? known : absent)];
  };
  const lowest = tls.minProtocolVersion === 'TLS_AUTO' ? undefined : tls.minProtocolVersion;
  const commonTlsContext: MessageInitShape<typeof CommonTlsContextSchema> = {
    tlsParams: {
      tlsMinimumProtocolVersion: tlsVersion(lowest ?? defaults.minProtocolVersion, 'TLSV1_2', engine),
      tlsMaximumProtocolVersion: tlsVersion(tls.maxProtocolVersion, 'TLSV1_3', engine),
      cipherSuites: own(tls.cipherSuites, defaults.cipherSuites, isKnownSuite),
      ecdhCurves: own(tls.ecdhCurves, defaults.ecdhCurves, isKnownCurve),
    },
    alpnProtocols: isHttp ? ['h2', 'http/1.1'] : [],
    ...shown,
    ...verified,
  };
  const value = any(DownstreamTlsContextSchema, {
    commonTlsContext,
    requireClientCertificate: mode === 'MUTUAL',
  });
  return {
    socket: extension('envoy.transport_sockets.tls', value),
    secrets,
  };
}

type Find = (name: string) => FoundCredential | undefined;

/** What the server shows. @returns the name of the Secret that is missing; empty: nothing is named */
function shownCertificates(
  tls: ServerTls,
  engine: Engine,
  find: Find,
  secrets: XdsResource[],
): ShownCertificates | string {
  const names = tls.credentialNames ?? (tls.credentialName ? [tls.credentialName] : []);
  if (names.length === 0) {
    const files = tls.tlsCertificates ?? [tls];
    const paths = files.map(({ serverCertificate: certificate = '', privateKey: key = '' }) => ({
      certificate,
      key,
    }));
    if (paths.some(({ certificate, key }) => certificate === '' || key === '')) return '';
    return certificatesInFiles(paths, engine);
  }
  const found: string[] = [];
  for (const name of names) {
    const one = find(name);
    if (one?.credential.certificate === undefined || one.credential.key === undefined) return name;
    found.push(one.secret);
    secrets.push(certificateSecret(one.secret, one.credential, [one.user]));
  }
  return { tlsCertificateSdsSecretConfigs: found.map((name) => secretConfig(name, engine)) };
}

/** How clients are verified. @returns what is missing */
function clientVerification(
  tls: ServerTls,
  engine: Engine,
  find: Find,
  secrets: XdsResource[],
): PeerVerification | string {
  const roots = clientRoots(tls, find, secrets);
  if (typeof roots === 'string') return roots;
  const { subjectAltNames = [], verifyCertificateHash = [], verifyCertificateSpki = [] } = tls;
  return verifiedBy(
    roots,
    {
      matchTypedSubjectAltNames: subjectAltNames.map(exactName),
      verifyCertificateHash: [...verifyCertificateHash],
      verifyCertificateSpki: [...verifyCertificateSpki],
      ...(tls.insecureSkipVerify && {
        trustChainVerification: CertificateValidationContext_TrustChainVerification.ACCEPT_UNTRUSTED,
      }),
      ...revokedIn(tls.caCrl),
    },
    engine,
  );
}

function clientRoots(tls: ServerTls, find: Find, secrets: XdsResource[]): Roots | string {
  const name = tls.credentialNames?.[0] ?? tls.credentialName;
  const candidates = tls.caCertCredentialName
    ? [tls.caCertCredentialName]
    : name
      ? [name, `${name}-cacert`]
      : [];
  for (const candidate of candidates) {
    const found = find(candidate);
    if (found?.credential.roots === undefined) continue;
    // A Secret with both parts is two secrets on the wire, told apart as in Istio.
    const secret = found.secret.endsWith('-cacert') ? found.secret : `${found.secret}-cacert`;
    secrets.push(clientRootsSecret(secret, found.credential, [found.user]));
    return { secret };
  }
  if (candidates.length > 0) return `ca.crt in Secret ${candidates.join(' or ')}`;
  const file = tls.caCertificates ?? tls.tlsCertificates?.find((pair) => pair.caCertificates)?.caCertificates;
  return file ? { file } : 'caCertificates';
}

interface FoundCredential {
  /** The secret's name on the wire. */
  readonly secret: string;
  readonly credential: Credential;
  /** Who asks for it. */
  readonly user: Origin;
}

/**
 * A Secret of the gateway proxy's namespace, as in Istio; else of the Gateway's own, whose author put it there.
 */
function findCredential(
  view: View,
  { namespace, origin: user }: Gateway,
  name: string,
): FoundCredential | undefined {
  const { credentials } = view.config;
  const shared = credentials.get(`${view.namespace}/${name}`);
  if (shared !== undefined) return { secret: `kubernetes://${name}`, credential: shared, user };
  const own = credentials.get(`${namespace}/${name}`);
  return own && { secret: `kubernetes://${namespace}/${name}`, credential: own, user };
}
