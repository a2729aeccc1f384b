import { error, type Finding, warning } from '../../finding.ts';
import type { FieldPath } from '../../path.ts';
import { isTls } from '../protocol.ts';
import { badSocket, checkBinding, checkUnique, isUnix, isUnixSocket } from './check-binding.ts';
import type { IngressListener } from './kind.ts';

export function checkIngress(ingress: readonly IngressListener[], path: FieldPath): Finding[] {
  return [
    ...checkUnique(ingress, path),
    ...ingress.flatMap((listener, index) => [
      ...checkBinding(listener, [...path, index]),
      ...checkEndpoint(listener, [...path, index, 'defaultEndpoint']),
      ...checkTls(listener, [...path, index, 'tls']),
    ]),
  ];
}

const places = ['127.0.0.1', '0.0.0.0', '[::1]', '[::]', ''];

function checkEndpoint({ bind = '', defaultEndpoint = '' }: IngressListener, path: FieldPath): Finding[] {
  if (defaultEndpoint === '')
    return isUnix(bind) ? [error('required', path, 'is required beside a Unix socket (string)')] : [];
  if (isUnix(defaultEndpoint)) return isUnixSocket(defaultEndpoint) ? [] : [badSocket(defaultEndpoint, path)];
  const colon = defaultEndpoint.lastIndexOf(':');
  const port = defaultEndpoint.slice(colon + 1);
  const isPort = /^\d{1,5}$/.test(port) && Number(port) >= 1 && Number(port) <= 65535;
  if (colon >= 0 && isPort && places.includes(defaultEndpoint.slice(0, colon))) return [];
  return [
    error(
      'bad-address',
      path,
      `must be 127.0.0.1:PORT, [::1]:PORT, 0.0.0.0:PORT, [::]:PORT or unix:///path, not ${JSON.stringify(defaultEndpoint)}`,
    ),
  ];
}

function checkTls({ tls, port }: IngressListener, path: FieldPath): Finding[] {
  if (tls === undefined) return [];
  const found: Finding[] = [];
  if (port.protocol !== undefined && port.protocol !== '' && !isTls(port.protocol))
    found.push(error('conflict', path, `has no meaning for protocol ${port.protocol}; only HTTPS and TLS`));
  const { mode = 'SIMPLE', serverCertificate, privateKey, caCertificates, tlsCertificates } = tls;
  if (mode !== 'SIMPLE' && mode !== 'MUTUAL' && mode !== 'OPTIONAL_MUTUAL')
    return [
      ...found,
      error('wrong-value', [...path, 'mode'], `must be SIMPLE, MUTUAL or OPTIONAL_MUTUAL here, not ${mode}`),
    ];
  const pair = tlsCertificates === undefined ? { serverCertificate, privateKey } : {};
  const missing = { ...pair, ...(mode !== 'SIMPLE' && { caCertificates }) };
  for (const [name, value] of Object.entries(missing))
    if (!value) found.push(error('required', [...path, name], `is required with mode ${mode} (a file)`));
  for (const name of ['credentialName', 'credentialNames', 'caCertCredentialName', 'httpsRedirect'] as const)
    if (tls[name]) found.push(error('conflict', [...path, name], 'is for gateways: a sidecar reads files'));
  if ((tls.subjectAltNames ?? []).length > 0 && mode === 'SIMPLE')
    found.push(warning('no-effect', [...path, 'subjectAltNames'], 'needs mode MUTUAL'));
  return found;
}
