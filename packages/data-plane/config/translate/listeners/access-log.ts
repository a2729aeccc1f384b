import type { AccessLog, JsonFormat } from '@tulle/decision/tables/access-log';
import type { JsonObject } from '@tulle/xds/json';
import type { accesslog_AccessLog, core_SubstitutionFormatString } from '@tulle/xds/wire';
import { inline } from '../tls/secret.ts';
import { messageName, type Problems, read } from '../values/problems.ts';

/** Envoy's default format. */
const defaultFormat =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% ' +
  '%RESPONSE_FLAGS% %BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% ' +
  '"%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"\n';

const loggers = 'envoy.extensions.access_loggers.';

/** envoy.config.accesslog.v3.AccessLog: to a file or the standard streams. */
export function translateAccessLogs(
  logs: readonly accesslog_AccessLog[],
  path: string,
  problems: Problems,
): readonly AccessLog[] {
  return logs.flatMap((log, i) => translateAccessLog(log, `${path}[${i}]`, problems) ?? []);
}

function translateAccessLog(
  { typedConfig }: accesslog_AccessLog,
  path: string,
  problems: Problems,
): AccessLog | undefined {
  const at = `${path}.typed_config`;
  const name = typedConfig === undefined ? '' : messageName(typedConfig);
  const bytes = typedConfig?.value ?? new Uint8Array();
  if (name === `${loggers}file.v3.FileAccessLog`) {
    const file = read(`${loggers}file.v3.FileAccessLog`, bytes, at, problems);
    if (file === undefined) return undefined;
    if (file.path === '') problems.add(`${at}.path`, 'must not be empty');
    const json = file.jsonFormat ?? file.typedJsonFormat;
    if (json !== undefined) return { path: file.path, format: { kind: 'json', fields: jsonFormat(json) } };
    if (file.format) return { path: file.path, format: { kind: 'text', text: file.format } };
    return { path: file.path, format: translateFormat(file.logFormat, `${at}.log_format`, problems) };
  }
  if (name === `${loggers}stream.v3.StdoutAccessLog` || name === `${loggers}stream.v3.StderrAccessLog`) {
    const stream = read(name, bytes, at, problems);
    const format = translateFormat(stream?.logFormat, `${at}.log_format`, problems);
    return { path: name.includes('Stdout') ? '/dev/stdout' : '/dev/stderr', format };
  }
  problems.add(at, `access log ${name || 'without configuration'} is not supported`);
  return undefined;
}

function translateFormat(
  format: core_SubstitutionFormatString | undefined,
  path: string,
  problems: Problems,
): AccessLog['format'] {
  if (format?.jsonFormat !== undefined) return { kind: 'json', fields: jsonFormat(format.jsonFormat) };
  if (format?.textFormatSource !== undefined) {
    return { kind: 'text', text: inline(format.textFormatSource, `${path}.text_format_source`, problems) };
  }
  return { kind: 'text', text: format?.textFormat || defaultFormat };
}

function jsonFormat(value: JsonObject): JsonFormat {
  const fields: Record<string, string | JsonFormat> = {};
  for (const [key, field] of Object.entries(value)) {
    fields[key] =
      typeof field === 'object' && field !== null && !Array.isArray(field)
        ? jsonFormat(field)
        : String(field ?? '');
  }
  return fields;
}
