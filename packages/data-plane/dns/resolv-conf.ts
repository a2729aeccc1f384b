import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';

/** What the system says of name resolution (resolv.conf(5)). */
export interface ResolvConf {
  readonly servers: readonly string[];
  /** Lower case, without final dots. */
  readonly searchDomains: readonly string[];
}

/** As glibc: at most three servers; of `search` and `domain` the last line counts, six domains. */
const maxServers = 3;
const maxDomains = 6;

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let searchDomains: string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.trim().split(/\s+/);
    const [first = ''] = words;
    if (keyword === 'nameserver' && isIP(first) !== 0 && servers.length < maxServers) servers.push(first);
    if (keyword === 'search' || keyword === 'domain')
      searchDomains = words
        .map((word) => word.toLowerCase().replace(/\.$/, ''))
        .filter((word) => word !== '');
  }
  return { servers, searchDomains: searchDomains.slice(0, maxDomains) };
}

/** How long an answer holds before the file's time is looked at again. */
const checkMs = 5_000;

/** The system's resolv.conf, read again when it has changed. */
export function resolvConfFile(now: () => number, path = '/etc/resolv.conf'): () => ResolvConf {
  let current: ResolvConf = { servers: [], searchDomains: [] };
  let changed = Number.NaN;
  let checked = Number.NEGATIVE_INFINITY;
  return () => {
    if (now() - checked < checkMs) return current;
    checked = now();
    try {
      const { mtimeMs } = statSync(path);
      if (mtimeMs !== changed) current = parseResolvConf(readFileSync(path, 'utf8'));
      changed = mtimeMs;
    } catch {
      // No file, no servers: what is unknown fails, the mesh's own names are answered.
      current = { servers: [], searchDomains: [] };
      changed = Number.NaN;
    }
    return current;
  };
}
