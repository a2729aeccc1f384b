import { usageError } from '../../failure.ts';
import { parseUpstream } from '../../up/app/env-capture.ts';

/** @throws a usage error for what is no `host:port` */
export const readUpstreams = (texts: readonly string[]): { readonly host: string; readonly port: number }[] =>
  texts.map((text) => {
    const upstream = parseUpstream(text);
    if (upstream === undefined) throw usageError(`--upstream must be host:port, not "${text}"`);
    return upstream;
  });
