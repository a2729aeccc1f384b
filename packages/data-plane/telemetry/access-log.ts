import type { Headers } from '@tulle/decision/headers';
import type { AccessLog } from '@tulle/decision/tables/access-log';
import type { RequestHead, ResponseHead } from '../http/stream.ts';
import type { StreamInfo } from '../http/stream-info.ts';
import { compileLogFormat } from './log-format.ts';
import type { LogSinks } from './log-sink.ts';

/** Writes the line of a request or TCP connection that has ended. */
export type AccessLogger = (
  info: StreamInfo,
  request?: RequestHead,
  response?: ResponseHead,
  trailers?: Headers,
) => void;

/**
 * A logger for each configured access log. Made once when configuration loads.
 *
 * @throws LogFormatError
 */
export function accessLogger(log: AccessLog, sinks: LogSinks): AccessLogger {
  const format = compileLogFormat(log.format);
  const sink = sinks.open(log.path);
  return (info, request, response, trailers) => sink.write(format({ info, request, response, trailers }));
}
