import type { ClientCertificateRules, EdgeRules } from '@tulle/decision/edge-rules';
import type {
  http_connection_manager_HttpConnectionManager as Manager,
  http_connection_manager_HttpConnectionManager_SetCurrentClientCertDetails as SetDetails,
} from '@tulle/xds/wire';
import { join, type Problems } from '../values/problems.ts';

/** Envoy's defaults. */
const defaults = { serverName: 'envoy', maxFields: 100 } as const;

const underscores = { ALLOW: 'allow', REJECT_REQUEST: 'reject', DROP_HEADER: 'drop' } as const;
const serverTransformations = {
  OVERWRITE: 'always',
  APPEND_IF_ABSENT: 'if-absent',
  PASS_THROUGH: 'never',
} as const;
const escapedSlashes = {
  IMPLEMENTATION_SPECIFIC_DEFAULT: 'keep',
  KEEP_UNCHANGED: 'keep',
  REJECT_REQUEST: 'reject',
  UNESCAPE_AND_REDIRECT: 'redirect',
  UNESCAPE_AND_FORWARD: 'forward',
} as const;
const clientCertificateModes = {
  SANITIZE: 'sanitize',
  FORWARD_ONLY: 'forward-only',
  APPEND_FORWARD: 'append-forward',
  SANITIZE_SET: 'sanitize-set',
  ALWAYS_FORWARD_ONLY: 'always-forward-only',
} as const;

/** What an HttpConnectionManager believes of clients and says to them. */
export function translateEdgeRules(manager: Manager, path: string, problems: Problems): EdgeRules {
  const { stripMatchingHostPort, stripAnyHostPort, commonHttpProtocolOptions: common } = manager;
  if (stripMatchingHostPort && stripAnyHostPort)
    problems.add(path, 'only one of strip_matching_host_port and strip_any_host_port may be set');
  return {
    client: translateClientRules(manager, path, problems),
    requestId: {
      generate: manager.generateRequestId ?? true,
      preserveExternal: manager.preserveExternalRequestId,
      inResponse: manager.alwaysSetRequestIdInResponse,
    },
    path: {
      normalize: manager.normalizePath ?? false,
      mergeSlashes: manager.mergeSlashes,
      escapedSlashes: escapedSlashes[manager.pathWithEscapedSlashesAction],
    },
    host: {
      stripPort: stripAnyHostPort ? 'any' : stripMatchingHostPort ? 'matching' : 'never',
      stripTrailingDot: manager.stripTrailingHostDot,
    },
    clientCertificate: {
      mode: clientCertificateModes[manager.forwardClientCertDetails],
      details: translateDetails(manager.setCurrentClientCertDetails, path, problems),
    },
    server: {
      name: manager.serverName || defaults.serverName,
      when: serverTransformations[manager.serverHeaderTransformation],
    },
    ...(manager.via === '' ? {} : { via: manager.via }),
    underscores: underscores[common?.headersWithUnderscoresAction ?? 'ALLOW'],
    maxFields: common?.maxHeadersCount ?? defaults.maxFields,
  };
}

function translateClientRules(manager: Manager, path: string, problems: Problems): EdgeRules['client'] {
  const ranges = manager.internalAddressConfig?.cidrRanges ?? [];
  ranges.forEach(({ addressPrefix, prefixLen = 0 }, i) => {
    const longest = addressPrefix.includes(':') ? 128 : 32;
    if (prefixLen > longest)
      problems.add(
        join(path, `internal_address_config.cidr_ranges[${i}].prefix_len`),
        `${prefixLen} is more than ${longest}`,
      );
  });
  return {
    useRemoteAddress: manager.useRemoteAddress ?? false,
    trustedHops: manager.xffNumTrustedHops,
    appendForwardedFor: !manager.skipXffAppend,
    appendForwardedPort: manager.appendXForwardedPort,
    internalRanges: ranges.map(({ addressPrefix, prefixLen = 0 }) => ({
      address: addressPrefix,
      prefixLength: prefixLen,
    })),
  };
}

/** In the order in which Envoy writes them. */
function translateDetails(
  set: SetDetails | undefined,
  path: string,
  problems: Problems,
): ClientCertificateRules['details'] {
  if (set?.chain === true)
    problems.add(join(path, 'set_current_client_cert_details.chain'), 'is not supported');
  const wanted = {
    cert: set?.cert,
    subject: set?.subject,
    uri: set?.uri,
    dns: set?.dns,
  };
  return (Object.keys(wanted) as (keyof typeof wanted)[]).filter((detail) => wanted[detail]);
}
