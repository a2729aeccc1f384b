import { error, type Finding, warning } from '../finding.ts';
import { nearestName } from '../nearest.ts';
import type { FieldPath } from '../path.ts';
import { isHostName, isIpAddress } from '../schema/host.ts';
import { isDnsLabel } from '../schema/name.ts';
import type { Gateway, Server, ServerTls } from './gateway.ts';
import { isHttp, isProtocol, isTls, protocols } from './protocol.ts';
import { isKnownCurve, isKnownSuite } from './tls-names.ts';

/** What Istio's webhook refuses in a Gateway (pkg/config/validation). */
export function checkGateway({ spec }: Gateway): Finding[] {
  const { servers = [] } = spec;
  if (servers.length === 0)
    return [error('required', ['spec', 'servers'], 'is required: at least one server')];
  return servers.flatMap((server, index) => {
    const path = ['spec', 'servers', index];
    const first = servers.findIndex(({ port }) => port.name === server.port.name);
    const duplicate =
      first < index
        ? [
            error(
              'duplicate',
              [...path, 'port', 'name'],
              `is the name of spec.servers[${first}].port too: ${JSON.stringify(server.port.name)}`,
            ),
          ]
        : [];
    return [...duplicate, ...checkServer(server, path)];
  });
}

function checkServer(server: Server, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  if (server.hosts.length === 0)
    found.push(error('required', [...path, 'hosts'], 'must have at least one host'));
  for (const [index, host] of server.hosts.entries()) {
    if (!isServedHost(host))
      found.push(
        error(
          'bad-host',
          [...path, 'hosts', index],
          `must be a host such as "shop.example.com", "*.example.com", "*" or "namespace/host", not ${JSON.stringify(host)}`,
        ),
      );
  }
  return [...found, ...checkPort(server, path), ...checkTls(server, path)];
}

/** `[namespace/]host`, with `*` as whole host or first label, and `.`, `*` or a name as namespace. */
function isServedHost(text: string): boolean {
  const [first = '', second, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  const host = second ?? first;
  if (!isHostName(host, true) && !isIpAddress(host)) return false;
  return second === undefined || first === '*' || first === '.' || isDnsLabel(first);
}

function checkPort({ port, bind = '' }: Server, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  const unix = bind.startsWith('unix://');
  if (!isProtocol(port.protocol) || port.protocol.toUpperCase() === 'UDP') {
    const near = nearestName(port.protocol.toUpperCase(), protocols);
    found.push(
      error(
        'wrong-value',
        [...path, 'port', 'protocol'],
        `must be one of HTTP, HTTPS, HTTP2, GRPC, GRPC-WEB, TLS, TCP, MONGO, REDIS, MYSQL, not ${JSON.stringify(port.protocol)}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`,
      ),
    );
  }
  if (unix && port.number !== 0)
    found.push(error('conflict', [...path, 'port', 'number'], 'must be 0 for a Unix socket'));
  if (!unix && (port.number < 1 || port.number > 65535))
    found.push(
      error(
        'out-of-range',
        [...path, 'port', 'number'],
        `must be a port number between 1 and 65535, not ${port.number}`,
      ),
    );
  if (port.name === '') found.push(error('required', [...path, 'port', 'name'], 'must not be empty'));
  if ((port.targetPort ?? 0) > 0)
    found.push(error('conflict', [...path, 'port', 'targetPort'], 'has no meaning for a Gateway'));
  if (unix && !/^unix:\/\/(@.|\/.*[^/]$)/.test(bind))
    found.push(
      error(
        'bad-address',
        [...path, 'bind'],
        `must be an absolute path or an abstract socket, not ${JSON.stringify(bind)}`,
      ),
    );
  if (!unix && bind !== '' && !isIpAddress(bind))
    found.push(
      error(
        'bad-address',
        [...path, 'bind'],
        `must be an IP address or unix://…, not ${JSON.stringify(bind)}`,
      ),
    );
  return found;
}

function checkTls({ port, tls }: Server, path: FieldPath): Finding[] {
  const { protocol } = port;
  if (tls === undefined)
    return isTls(protocol)
      ? [error('required', [...path, 'tls'], `is required for protocol ${protocol} (object)`)]
      : [];
  const at = [...path, 'tls'];
  if (!isTls(protocol)) {
    if (!isHttp(protocol))
      return [
        error(
          'conflict',
          at,
          `has no meaning for protocol ${protocol}; only HTTPS and TLS have certificates`,
        ),
      ];
    const beyondRedirect = (
      [
        'mode',
        'credentialName',
        'credentialNames',
        'serverCertificate',
        'privateKey',
        'caCertificates',
        'tlsCertificates',
      ] as const
    ).find((field) => tls[field] !== undefined && tls[field] !== '' && tls[field] !== 'PASSTHROUGH');
    return beyondRedirect === undefined
      ? []
      : [
          error(
            'conflict',
            [...at, beyondRedirect],
            `has no meaning for protocol ${protocol}: plain HTTP may only have httpsRedirect`,
          ),
        ];
  }
  const found = checkCertificates(tls, at);
  if (tls.httpsRedirect === true)
    found.push(warning('no-effect', [...at, 'httpsRedirect'], 'is for plain HTTP servers'));
  return found;
}

/** Names that only mean something if both engines' libraries know them. */
const namesOf = [
  ['cipherSuites', isKnownSuite],
  ['ecdhCurves', isKnownCurve],
] as const;

/** What only matters to certificates of clients. */
const clientFields = [
  'subjectAltNames',
  'verifyCertificateSpki',
  'verifyCertificateHash',
  'insecureSkipVerify',
] as const;

/** Envoy refuses the whole listener for one that is malformed. */
function checkPins(
  { verifyCertificateHash = [], verifyCertificateSpki = [] }: ServerTls,
  path: FieldPath,
): Finding[] {
  return [
    ...verifyCertificateHash.flatMap((hash, index) =>
      /^([0-9a-f]{64}|[0-9a-f]{2}(:[0-9a-f]{2}){31})$/i.test(hash)
        ? []
        : [
            error(
              'wrong-value',
              [...path, 'verifyCertificateHash', index],
              `must be a SHA-256 in hex, with or without colons, not ${JSON.stringify(hash)}`,
            ),
          ],
    ),
    ...verifyCertificateSpki.flatMap((hash, index) =>
      /^[A-Za-z0-9+/]{43}=$/.test(hash)
        ? []
        : [
            error(
              'wrong-value',
              [...path, 'verifyCertificateSpki', index],
              `must be a SHA-256 in base64, not ${JSON.stringify(hash)}`,
            ),
          ],
    ),
  ];
}

function checkCertificates(tls: ServerTls, path: FieldPath): Finding[] {
  const {
    mode = 'PASSTHROUGH',
    credentialName,
    credentialNames,
    tlsCertificates,
    serverCertificate,
    privateKey,
    caCertificates,
    caCrl,
  } = tls;
  const given = { serverCertificate, privateKey, caCertificates, credentialName };
  const found: Finding[] = checkPins(tls, path);
  if (mode === 'ISTIO_MUTUAL') {
    for (const [name, value] of Object.entries(given))
      if (value)
        found.push(
          error(
            'conflict',
            [...path, name],
            'has no meaning with mode ISTIO_MUTUAL (the mesh’s own certificates are used)',
          ),
        );
    return found;
  }
  if (mode === 'PASSTHROUGH' || mode === 'AUTO_PASSTHROUGH') {
    for (const [name, value] of Object.entries(given))
      if (value) found.push(warning('no-effect', [...path, name], `is not used with mode ${mode}`));
    return found;
  }
  const oldVersion = tls.minProtocolVersion === 'TLSV1_0' || tls.minProtocolVersion === 'TLSV1_1';
  if (oldVersion && (tls.cipherSuites ?? []).length === 0)
    found.push(
      warning(
        'no-effect',
        [...path, 'minProtocolVersion'],
        'below TLSV1_2 needs cipherSuites that such old clients know',
      ),
    );
  for (const [name, isKnown] of namesOf)
    for (const [index, one] of (tls[name] ?? []).entries())
      if (!isKnown(one))
        found.push(
          warning(
            'no-effect',
            [...path, name, index],
            `is left out: ${JSON.stringify(one)} is not known here`,
          ),
        );
  if (mode === 'SIMPLE')
    for (const name of clientFields)
      if (tls[name])
        found.push(
          warning('no-effect', [...path, name], 'is about certificates that mode SIMPLE does not ask for'),
        );
  if (credentialName && caCrl)
    found.push(
      error('conflict', [...path, 'caCrl'], 'conflicts with credentialName: put the list into the secret'),
    );
  for (const [index, pair] of (tlsCertificates ?? []).entries())
    for (const name of ['serverCertificate', 'privateKey'] as const)
      if (!pair[name])
        found.push(
          error('required', [...path, 'tlsCertificates', index, name], 'is required: a file’s path'),
        );
  if (credentialName || credentialNames !== undefined || tlsCertificates !== undefined) return found;
  const needed =
    mode === 'SIMPLE'
      ? (['serverCertificate', 'privateKey'] as const)
      : (['serverCertificate', 'privateKey', 'caCertificates'] as const);
  const missing = needed.filter((name) => !given[name]);
  if (missing.length === needed.length)
    found.push(
      error(
        'required',
        [...path, 'credentialName'],
        `is required for mode ${mode} (the name of a kubernetes.io/tls secret), or files: ${needed.join(', ')}`,
      ),
    );
  else
    for (const name of missing)
      found.push(
        error(
          'required',
          [...path, name],
          `is required for mode ${mode} beside ${needed.filter((other) => given[other]).join(', ')}`,
        ),
      );
  if (caCrl && mode === 'SIMPLE')
    found.push(error('conflict', [...path, 'caCrl'], 'has no meaning with mode SIMPLE'));
  return found;
}
