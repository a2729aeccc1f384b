import type { AccessLogSpec, JsonTemplate, MeshSpec } from './mesh.ts';

/** One access log of every proxy. Without `text` or `json` the format is Istio's default. */
export interface AccessLogSettings extends Pick<AccessLogSpec, 'text' | 'json'> {
  readonly path: string;
  readonly format: 'TEXT' | 'JSON';
}

const ownOutput = '/dev/stdout';

/**
 * The logs of `defaultProviders.accessLogging`, of which `envoy` is the one that the Mesh describes itself; without
 * the field that one alone.
 */
export function accessLogsOf(spec: MeshSpec): readonly AccessLogSettings[] {
  const { extensionProviders = [], defaultProviders } = spec;
  const own = ownLog(spec);
  return (defaultProviders?.accessLogging ?? ['envoy']).flatMap((name): AccessLogSettings[] => {
    const log = extensionProviders.find((provider) => provider.name === name)?.envoyFileAccessLog;
    if (log === undefined) return name === 'envoy' && own !== undefined ? [own] : [];
    const { path = ownOutput, logFormat = {} } = log;
    const { text, labels } = logFormat;
    // `labels: {}` is Istio's default JSON.
    if (labels === undefined) return [{ path, format: 'TEXT', text }];
    return [{ path, format: 'JSON', json: Object.keys(labels).length > 0 ? labels : undefined }];
  });
}

/** @returns undefined when it is turned off */
function ownLog({
  accessLog,
  accessLogFile = ownOutput,
  accessLogFormat,
  accessLogEncoding = 'TEXT',
}: MeshSpec): AccessLogSettings | undefined {
  if (accessLog !== undefined) {
    const { enabled = true, format = 'TEXT', path = ownOutput, text, json } = accessLog;
    return enabled ? { path, format, text, json } : undefined;
  }
  if (accessLogFile === '') return undefined;
  const written = accessLogFormat || undefined;
  if (accessLogEncoding === 'TEXT') return { path: accessLogFile, format: 'TEXT', text: written };
  const json = written === undefined ? undefined : (JSON.parse(written) as JsonTemplate);
  return { path: accessLogFile, format: 'JSON', json };
}
