import { create } from '@bufbuild/protobuf';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { Origin, XdsResource } from '@tulle/xds/resource';
import type { Credential } from '../../model/security/credential.ts';
import { identitySecret, rootsSecret } from '../messages/config-source.ts';
import { resource, uniqueOrigins } from '../messages/serialize.ts';

const text = (value: string): { specifier: { case: 'inlineBytes'; value: Uint8Array<ArrayBuffer> } } => ({
  specifier: { case: 'inlineBytes', value: new TextEncoder().encode(value) },
});

/** The roots of the mesh's identities, PEM. */
export function rootsOf(trustBundle: string): XdsResource {
  const message = create(SecretSchema, {
    name: rootsSecret,
    type: { case: 'validationContext', value: { trustedCa: text(trustBundle) } },
  });
  return resource(SecretSchema, message, []);
}

/** Istio's names of a Secret of the proxy's own namespace on the wire: its certificate, and its `ca.crt`. */
export const credentialName = ({ name }: Credential): string => `kubernetes://${name}`;
export const credentialRootsName = (credential: Credential): string => `${credentialName(credential)}-cacert`;

/** Istio's names of what a proxy reads from files of its own machine; without a path: the roots that its platform trusts. */
export const fileRootsName = (path: string | undefined): string => `file-root:${path || 'system'}`;
export const fileCertificateName = (certificate: string, key: string): string =>
  `file-cert:${certificate}~${key}`;

/** Whether a proxy has a secret by itself, or from the agent beside it: nobody sends it. */
export const isOfProxy = (name: string): boolean =>
  name === identitySecret || name === rootsSecret || /^file-(root|cert):/.test(name);

/** What a cluster's TLS to its endpoints may need of a Secret that `users` name. */
export function clientSecrets(credential: Credential, users: readonly Origin[]): XdsResource[] {
  const secrets: XdsResource[] = [];
  if (credential.certificate !== undefined)
    secrets.push(certificateSecret(credentialName(credential), credential, users));
  if (credential.roots !== undefined)
    secrets.push(clientRootsSecret(credentialRootsName(credential), credential, users));
  return secrets;
}

/** A certificate and its key. A proxy that refuses it refuses what `users` ask for: a Secret has no conditions. */
export function certificateSecret(
  name: string,
  { certificate = '', key = '', origin }: Credential,
  users: readonly Origin[],
): XdsResource {
  const message = create(SecretSchema, {
    name,
    type: { case: 'tlsCertificate', value: { certificateChain: text(certificate), privateKey: text(key) } },
  });
  return resource(SecretSchema, message, [origin, ...users]);
}

/** What a gateway checks its clients against. */
export function clientRootsSecret(
  name: string,
  { roots = '', revoked, origin }: Credential,
  users: readonly Origin[],
): XdsResource {
  const message = create(SecretSchema, {
    name,
    type: {
      case: 'validationContext',
      value: { trustedCa: text(roots), ...(revoked !== undefined && { crl: text(revoked) }) },
    },
  });
  return resource(SecretSchema, message, [origin, ...users]);
}

/** Each secret once; several that use one are all told what becomes of it. */
export function secretsByName(secrets: readonly XdsResource[]): Map<string, XdsResource> {
  const found = new Map<string, XdsResource>();
  for (const secret of secrets) {
    const before = found.get(secret.name);
    const origins = before && uniqueOrigins([...before.origins, ...secret.origins]);
    found.set(secret.name, origins === undefined ? secret : { ...secret, origins });
  }
  return found;
}
