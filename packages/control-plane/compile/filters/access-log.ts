import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf';
import type { AccessLogSchema } from '@tulle/xds/gen/envoy/config/accesslog/v3/accesslog_pb.js';
import type { SubstitutionFormatStringSchema } from '@tulle/xds/gen/envoy/config/core/v3/substitution_format_string_pb.js';
import { FileAccessLogSchema } from '@tulle/xds/gen/envoy/extensions/access_loggers/file/v3/file_pb.js';
import {
  StderrAccessLogSchema,
  StdoutAccessLogSchema,
} from '@tulle/xds/gen/envoy/extensions/access_loggers/stream/v3/stream_pb.js';
import type { JsonTemplate, MeshSettings } from '../../model/mesh/mesh.ts';
import type { AccessLogSettings } from '../../model/mesh/mesh-access-log.ts';
import { compare } from '../../model/origin.ts';
import { cached } from '../messages/cached.ts';
import { extension } from '../messages/extension.ts';
import { any } from '../messages/serialize.ts';

type AccessLog = MessageInitShape<typeof AccessLogSchema>;

/** Istio's default line. */
const defaultText =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% "%UPSTREAM_TRANSPORT_FAILURE_REASON%" ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" ' +
  '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER% ' +
  '%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %REQUESTED_SERVER_NAME% ' +
  '%ROUTE_NAME%\n';

/** The fields of Istio's JSON log. */
const defaultJson: JsonTemplate = {
  authority: '%REQ(:AUTHORITY)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  connection_termination_details: '%CONNECTION_TERMINATION_DETAILS%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  duration: '%DURATION%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  request_id: '%REQ(X-REQUEST-ID)%',
  requested_server_name: '%REQUESTED_SERVER_NAME%',
  response_code: '%RESPONSE_CODE%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  response_flags: '%RESPONSE_FLAGS%',
  route_name: '%ROUTE_NAME%',
  start_time: '%START_TIME%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_local_address: '%UPSTREAM_LOCAL_ADDRESS%',
  upstream_service_time: '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%',
  upstream_transport_failure_reason: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  user_agent: '%REQ(USER-AGENT)%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
};

/**
 * The mesh's access logs, for HTTP managers and TCP proxies alike; none when they are off. The proxy's own output is
 * written to, not opened: `/dev/stdout` can't be opened where it is a socket.
 */
export function accessLogs(mesh: MeshSettings): AccessLog[] {
  return cached(made, mesh, () => make(mesh));
}

const made = new WeakMap<MeshSettings, AccessLog[]>();

const make = ({ accessLogs: logs }: MeshSettings): AccessLog[] => logs.map(accessLog);

function accessLog({ path, format, text, json }: AccessLogSettings): AccessLog {
  const logFormat: MessageInitShape<typeof SubstitutionFormatStringSchema> = {
    format:
      format === 'JSON'
        ? { case: 'jsonFormat', value: sorted(json ?? defaultJson) }
        : {
            case: 'textFormatSource',
            value: { specifier: { case: 'inlineString', value: line(text ?? defaultText) } },
          },
  };
  const accessLogFormat = { case: 'logFormat' as const, value: logFormat };
  switch (path) {
    case '/dev/stdout':
      return extension('envoy.access_loggers.stdout', any(StdoutAccessLogSchema, { accessLogFormat }));
    case '/dev/stderr':
      return extension('envoy.access_loggers.stderr', any(StderrAccessLogSchema, { accessLogFormat }));
    default:
      return extension('envoy.access_loggers.file', any(FileAccessLogSchema, { path, accessLogFormat }));
  }
}

/** Fields in code-unit order: a Struct is serialised as it was built. */
function sorted(template: JsonTemplate): JsonObject {
  const fields = Object.entries(template).toSorted(([a], [b]) => compare(a, b));
  return Object.fromEntries(
    fields.map(([name, value]) => [name, typeof value === 'string' ? value : sorted(value as JsonTemplate)]),
  );
}

/** Envoy writes a line as it is told: with its end. */
const line = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);
