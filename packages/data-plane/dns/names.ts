import type { DnsAnswer, DnsTable } from '@tulle/decision/tables/dns';

type Names = DnsTable['names'];

/**
 * What the table says of a name: itself, else the closest wildcard above it (RFC 4592), else the name without one of
 * the system's search domains, which a resolver has appended to what the application meant. Undefined: nothing.
 */
export function findName(
  names: Names,
  name: string,
  searchDomains: readonly string[],
): DnsAnswer | undefined {
  const known = names.get(name) ?? findWildcard(names, name);
  if (known !== undefined) return known;
  for (const domain of searchDomains) {
    if (!name.endsWith(`.${domain}`)) continue;
    const meant = names.get(name.slice(0, -domain.length - 1));
    if (meant !== undefined) return meant;
  }
  return undefined;
}

function findWildcard(names: Names, name: string): DnsAnswer | undefined {
  for (let dot = name.indexOf('.'); dot >= 0; dot = name.indexOf('.', dot + 1)) {
    const found = names.get(`*${name.slice(dot)}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
