import { create } from '@bufbuild/protobuf';
import { SecretSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.js';
import type { XdsResource } from '@tulle/xds/resource';
import type { Credential } from '../model/credential.ts';
import { rootsSecret } from './config-source.ts';
import { resource } from './serialize.ts';

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

/** A gateway's certificate and key. */
export function certificateSecret(
  name: string,
  { certificate = '', key = '', origin }: Credential,
): XdsResource {
  const message = create(SecretSchema, {
    name,
    type: { case: 'tlsCertificate', value: { certificateChain: text(certificate), privateKey: text(key) } },
  });
  return resource(SecretSchema, message, [origin]);
}

/** What a gateway checks its clients against. */
export function clientRootsSecret(name: string, { roots = '', origin }: Credential): XdsResource {
  const message = create(SecretSchema, {
    name,
    type: { case: 'validationContext', value: { trustedCa: text(roots) } },
  });
  return resource(SecretSchema, message, [origin]);
}
