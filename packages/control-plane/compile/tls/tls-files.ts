import type { MessageInitShape } from '@bufbuild/protobuf';
import type { CertificateValidationContextSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/common_pb.js';
import type { CommonTlsContextSchema } from '@tulle/xds/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.js';
import { secretConfig } from '../messages/config-source.ts';
import type { Engine } from '../proxy.ts';
import { fileCertificateName, fileRootsName } from './secrets.ts';

type CommonTlsContext = MessageInitShape<typeof CommonTlsContextSchema>;
type Validation = Exclude<
  MessageInitShape<typeof CertificateValidationContextSchema>,
  { readonly $typeName: string }
>;
export type ShownCertificates = Pick<CommonTlsContext, 'tlsCertificateSdsSecretConfigs' | 'tlsCertificates'>;
export type PeerVerification = Pick<CommonTlsContext, 'validationContextType'>;

/** Where Debian and most others keep the roots of the public web. */
const systemRoots = '/etc/ssl/certs/ca-certificates.crt';

/** Paths on the proxy's machine. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Certificates in files. Our engine takes all its certificates by name; an Envoy reads files by itself. */
export function certificatesInFiles(files: readonly CertificateFiles[], engine: Engine): ShownCertificates {
  if (engine === 'tulle')
    return {
      tlsCertificateSdsSecretConfigs: files.map(({ certificate, key }) =>
        secretConfig(fileCertificateName(certificate, key), engine),
      ),
    };
  return {
    tlsCertificates: files.map(({ certificate, key }) => ({
      certificateChain: inFile(certificate),
      privateKey: inFile(key),
    })),
  };
}

/** The roots that a peer is verified against: a secret, or a file; without a path what the platform trusts. */
export type Roots = { readonly secret: string } | { readonly file: string | undefined };

/** Files are read by an Envoy itself; our engine has them as secrets that are named after them. */
export function verifiedBy(roots: Roots, validation: Validation, engine: Engine): PeerVerification {
  if ('file' in roots && engine === 'envoy') {
    const trustedCa = inFile(roots.file || systemRoots);
    return { validationContextType: { case: 'validationContext', value: { ...validation, trustedCa } } };
  }
  const secret = 'secret' in roots ? roots.secret : fileRootsName(roots.file);
  return {
    validationContextType: {
      case: 'combinedValidationContext',
      value: {
        defaultValidationContext: validation,
        validationContextSdsSecretConfig: secretConfig(secret, engine),
      },
    },
  };
}

/** Certificates that are not believed any more, where a path to a list of them is given. */
export const revokedIn = (path: string | undefined): Pick<Validation, 'crl'> =>
  path ? { crl: inFile(path) } : {};

const inFile = (path: string) => ({ specifier: { case: 'filename' as const, value: path } });
