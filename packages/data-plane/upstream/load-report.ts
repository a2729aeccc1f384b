import type { LoadReport } from '@tulle/decision/balance/utilization';
import type { Headers } from '@tulle/decision/headers';
import { decode, WireError } from '@tulle/xds/wire';

type Draft = { -readonly [K in keyof LoadReport]: LoadReport[K] };

/** A report is a line; what is longer is none. */
const maxLength = 8_192;

/**
 * What an answer's headers or trailers say of the load of who gave it (ORCA): `endpoint-load-metrics-bin` in protobuf,
 * `endpoint-load-metrics` as `TEXT cpu_utilization=0.3,rps_fractional=10`, `JSON {…}` or `BIN …`. Undefined: nothing
 * that can be read.
 */
export function readLoadReport(headers: Headers): LoadReport | undefined {
  const binary = headers.get('endpoint-load-metrics-bin');
  if (binary !== undefined) return fromBinary(binary);
  const text = headers.get('endpoint-load-metrics');
  if (text === undefined || text.length > maxLength) return undefined;
  const at = text.indexOf(' ');
  const content = text.slice(at + 1);
  switch (text.slice(0, at)) {
    case 'TEXT':
      return fromText(content);
    case 'JSON':
      return fromJson(content);
    case 'BIN':
      return fromBinary(content);
    default:
      return undefined;
  }
}

function fromBinary(text: string): LoadReport | undefined {
  if (text.length > maxLength) return undefined;
  try {
    return decode('xds.data.orca.v3.OrcaLoadReport', Buffer.from(text, 'base64'), { unsupported: () => {} });
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** `cpu_utilization=0.3,named_metrics.queue=0.7` */
function fromText(text: string): LoadReport | undefined {
  const report = empty();
  for (const entry of text.split(',')) {
    const equals = entry.indexOf('=');
    if (equals < 1 || !put(report, entry.slice(0, equals).trim(), Number(entry.slice(equals + 1))))
      return undefined;
  }
  return report;
}

/** The message as JSON, its fields by either name. */
function fromJson(text: string): LoadReport | undefined {
  const report = empty();
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof fields !== 'object' || fields === null) return undefined;
  for (const [name, value] of Object.entries(fields)) {
    const members = typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
    if (members === undefined) put(report, name, Number(value));
    else for (const [key, member] of members) put(report, `${name}.${key}`, Number(member));
  }
  return report;
}

const empty = (): Draft => ({
  applicationUtilization: 0,
  cpuUtilization: 0,
  memUtilization: 0,
  rpsFractional: 0,
  eps: 0,
  requestCost: new Map(),
  utilization: new Map(),
  namedMetrics: new Map(),
});

/** False: no number. What has a name that we don't know is left out. */
function put(report: Draft, name: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const dot = name.indexOf('.');
  const key = camel(dot < 0 ? name : name.slice(0, dot));
  if (!Object.hasOwn(report, key)) return true;
  const field = report[key as keyof Draft];
  if (typeof field === 'number') {
    if (dot < 0) (report as Record<string, unknown>)[key] = value;
  } else if (dot > 0) (field as Map<string, number>).set(name.slice(dot + 1), value);
  return true;
}

const camel = (name: string): string =>
  name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
