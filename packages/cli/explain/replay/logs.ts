import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AccessLog } from '@tulle/decision/tables/access-log';
import type { Tables } from '@tulle/decision/tables/tables';
import { lastLines } from '../../up/process/log-file.ts';
import { lineReader, type ReadLine } from './log-line.ts';
import { operatorsOf } from './operators.ts';
import { type RecordedRequest, recordedRequest } from './recorded-request.ts';

/** Lines of a proxy's log that are read at most, the newest. */
const mostLines = 200_000;

/** The log of a proxy on this machine; undefined: it has none here. */
export function logFileOf(folder: string, namespace: string, name: string): string | undefined {
  return [`${namespace}.${name}`, name]
    .map((base) => join(folder, `${base}.proxy.log`))
    .find((path) => existsSync(path));
}

/** Requests in a proxy's log that began since `since` (milliseconds since the epoch), in order. */
export function recordedRequests(path: string, tables: Tables, since: number): RecordedRequest[] {
  const formats = formatsOf(tables).map((format) => ({
    read: lineReader(format),
    operators: operatorsOf(format),
  }));
  return lastLines(path, mostLines).flatMap((line) => {
    const request = readRequest(line, formats, tables);
    return request !== undefined && (request.at ?? Number.POSITIVE_INFINITY) >= since ? [request] : [];
  });
}

function readRequest(
  line: string,
  formats: readonly { readonly read: ReadLine; readonly operators: ReadonlySet<string> }[],
  tables: Tables,
): RecordedRequest | undefined {
  for (const { read, operators } of formats) {
    const fields = read(line);
    const request = fields && recordedRequest(fields, operators, tables);
    if (request !== undefined) return request;
  }
  return undefined;
}

/** Of logs that go to the proxy's output, which is the file. */
function formatsOf(tables: Tables): AccessLog['format'][] {
  const formats = new Map<string, AccessLog['format']>();
  for (const { filterChains, defaultFilterChain } of tables.listeners.values()) {
    for (const chain of [
      ...filterChains,
      ...(defaultFilterChain === undefined ? [] : [defaultFilterChain]),
    ]) {
      const { filter } = chain;
      const logs = filter.kind === 'http' ? filter.manager.accessLogs : filter.proxy.accessLogs;
      for (const { path, format } of logs)
        if (path === '/dev/stdout' || path === '/dev/stderr') formats.set(JSON.stringify(format), format);
    }
  }
  return [...formats.values()];
}
