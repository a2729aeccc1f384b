import type { JsonValue } from '@tulle/xds/json';
import { at, isObject, list, text } from '../../api/config-dump.ts';

/** How a cluster's connections are secured. @param socket of a cluster or of one of its matches */
export function upstreamWords(socket: JsonValue | undefined): string {
  const inner = at(socket, 'typedConfig', 'transportSocket');
  const header = text(socket, 'typedConfig', 'config', 'version');
  const proxy = header === '' ? '' : `, after a PROXY protocol header (${header})`;
  if (isObject(inner)) return `${upstreamWords(inner as JsonValue)}${proxy}`;
  const common = at(socket, 'typedConfig', 'commonTlsContext');
  if (common === undefined) return `plain text${proxy}`;
  const sni = text(socket, 'typedConfig', 'sni');
  return [
    'TLS',
    ...(sni === '' ? [] : [`server name ${sni}`]),
    ...certificateWords(common),
    ...namesWords('to', common),
    ...rootWords(common),
    ...(verifies(common) ? [] : ['unverified']),
  ].join(', ');
}

/** Whom sidecars must be, where the mesh's own mTLS is used. */
export const identityWords = (socket: JsonValue | undefined): string => {
  const inner = at(socket, 'typedConfig', 'transportSocket') ?? socket;
  return subjectNames(at(inner, 'typedConfig', 'commonTlsContext')).join(' or ');
};

/** What a server does with TLS connections. */
export function serverWords(socket: JsonValue): string {
  const context = at(socket, 'typedConfig');
  const common = at(context, 'commonTlsContext');
  const asks = verifies(common) || list(common, 'tlsCertificateSdsSecretConfigs').length === 0;
  const demanded = at(context, 'requireClientCertificate') === true;
  const [low, high] = ['Minimum', 'Maximum'].map((end) =>
    text(common, 'tlsParams', `tls${end}ProtocolVersion`).replace(/^TLSv(\d)_(\d)$/, '$1.$2'),
  );
  const some = (field: string): string => {
    const found = at(common, 'tlsParams', field);
    return Array.isArray(found) ? found.join(', ') : '';
  };
  const [ciphers, curves] = [some('cipherSuites'), some('ecdhCurves')];
  return [
    `TLS ${low === high ? low : `${low} to ${high}`}`,
    ...certificateWords(common),
    ...(demanded ? ['clients must show a certificate'] : asks ? ['clients may show a certificate'] : []),
    ...(asks ? [...namesWords('of', common), ...rootWords(common)] : []),
    ...(ciphers === '' ? [] : [`ciphers ${ciphers}`]),
    ...(curves === '' ? [] : [`curves ${curves}`]),
  ].join(', ');
}

const verifies = (common: unknown): boolean =>
  ['combinedValidationContext', 'validationContext', 'validationContextSdsSecretConfig'].some(
    (field) => at(common, field) !== undefined,
  );

const validation = (common: unknown): unknown =>
  at(common, 'combinedValidationContext', 'defaultValidationContext') ?? at(common, 'validationContext');

function certificateWords(common: unknown): string[] {
  const names = list(common, 'tlsCertificateSdsSecretConfigs').map((one) => secretWords(text(one, 'name')));
  return names.length === 0 ? [] : [`with ${names.join(' and ')}`];
}

const subjectNames = (common: unknown): string[] => [
  ...new Set(
    list(validation(common), 'matchTypedSubjectAltNames').map(
      ({ matcher }) => text(matcher, 'exact') || `${text(matcher, 'prefix')}…`,
    ),
  ),
];

function namesWords(of: string, common: unknown): string[] {
  const names = subjectNames(common);
  const pins = ['verifyCertificateSpki', 'verifyCertificateHash'].flatMap((field) => {
    const found = at(validation(common), field);
    return Array.isArray(found) ? found.map(String) : [];
  });
  return [
    ...(names.length === 0 ? [] : [`${of} ${names.join(' or ')}`]),
    ...(pins.length === 0 ? [] : [`one of ${pins.join(' or ')}`]),
  ];
}

function rootWords(common: unknown): string[] {
  const roots = text(common, 'combinedValidationContext', 'validationContextSdsSecretConfig', 'name');
  const revoked = text(validation(common), 'crl', 'filename');
  const unchecked = text(validation(common), 'trustChainVerification') === 'ACCEPT_UNTRUSTED';
  return [
    ...(unchecked ? ['unverified'] : []),
    ...(['', 'ROOTCA', 'file-root:system'].includes(roots) ? [] : [`by ${secretWords(roots)}`]),
    ...(revoked === '' ? [] : [`but those revoked in ${revoked}`]),
  ];
}

/** A secret's name as its resource has it: `file-cert:/cert.pem~/key.pem`, `kubernetes://shop-cert`. */
function secretWords(name: string): string {
  if (name === 'default') return 'the workload’s own certificate';
  if (name === 'ROOTCA') return 'the mesh’s roots';
  const [, kind, what = name] = /^(file-cert:|file-root:|kubernetes:\/\/)(.*)$/.exec(name) ?? [];
  if (kind === 'kubernetes://')
    return what.endsWith('-cacert')
      ? `the roots of ${what.slice(0, -'-cacert'.length)}`
      : `the Secret ${what}`;
  return what.split('~')[0] ?? what;
}
