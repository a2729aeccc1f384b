import { lookup } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isForbidden } from '../fetched/forbidden-address.ts';
import type { KeySource } from '../model/security/request-authentication.ts';
import { plainKeySet } from './key-set.ts';

/** All proxies get what is fetched. */
const maxBytes = 256 * 1024;
const maxRedirects = 3;
/** Whatever a resource says: who answers byte by byte keeps others waiting. */
const maxTimeoutMs = 30_000;

/** Of the addresses that a connection is then made to: a name that changes its mind meanwhile gains nothing. */
export const safeLookup =
  (resolve: typeof lookup): LookupFunction =>
  (host, options, done) =>
    resolve(host, options, (error, found, family) => {
      const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found];
      if (error !== null) done(error, '', 0);
      else if (addresses.some(isForbidden))
        done(new Error(`${host} is at an address that is not asked`), '', 0);
      else done(null, found, family);
    });

/**
 * The key set at a URL, or at the one that an issuer's OpenID configuration names.
 * @throws Error saying what came instead
 */
export async function fetchKeys(
  { url, isDiscovery, timeoutMs }: KeySource,
  closing: AbortSignal,
): Promise<string> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(Math.min(timeoutMs, maxTimeoutMs))]);
  const text = await get(new URL(url), signal, maxRedirects);
  if (!isDiscovery) return plainKeySet(text);
  const { jwks_uri: at } = JSON.parse(text) as { readonly jwks_uri?: unknown };
  const place = typeof at === 'string' ? URL.parse(at) : null;
  if (place === null) throw new Error('the OpenID configuration has no jwks_uri');
  return plainKeySet(await get(checked(new URL(url), place), signal, maxRedirects));
}

/** Keys that came by TLS are not asked for again without. */
function checked(from: URL, to: URL): URL {
  if (to.protocol !== 'https:' && (to.protocol !== 'http:' || from.protocol === 'https:'))
    throw new Error(`it leads on to ${to.protocol}//${to.host}`);
  return to;
}

async function get(url: URL, signal: AbortSignal, redirects: number): Promise<string> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isIP(host) !== 0 && isForbidden(host)) throw new Error(`${host} is an address that is not asked`);
  const response = await ask(url, signal);
  const { statusCode = 0, headers } = response;
  if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
    response.destroy();
    if (redirects === 0) throw new Error('it leads on too often');
    return get(checked(url, new URL(headers.location, url)), signal, redirects - 1);
  }
  if (statusCode !== 200) {
    response.destroy();
    throw new Error(`the answer is ${statusCode}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function ask(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const options = {
    signal,
    agent: false as const,
    lookup: safeLookup(lookup),
    headers: { accept: 'application/json' },
  };
  return new Promise((resolve, reject) => request(url, options, resolve).on('error', reject).end());
}
