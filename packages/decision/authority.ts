/** `host`, `host:port`, `[v6]`, `[v6]:port`, taken apart. */
export interface Authority {
  /** Without brackets. */
  readonly host: string;
  readonly port?: number;
}

/** Where the port's colon stands, or -1. A bare IPv6 address (two colons, no bracket) has no port. */
function portColon(authority: string): number {
  const colon = authority.lastIndexOf(':');
  if (colon < 0) return -1;
  if (authority.startsWith('[')) return authority[colon - 1] === ']' ? colon : -1;
  return authority.indexOf(':') === colon ? colon : -1;
}

/** @returns undefined when it is empty, or its port is not a number from 0 to 65535. */
export function parseAuthority(authority: string): Authority | undefined {
  const colon = portColon(authority);
  const bare = colon < 0 ? authority : authority.slice(0, colon);
  const host = bare.startsWith('[') && bare.endsWith(']') ? bare.slice(1, -1) : bare;
  if (host === '') return undefined;
  if (colon < 0) return { host };
  const digits = authority.slice(colon + 1);
  if (!/^\d{1,5}$/.test(digits) || Number(digits) > 65535) return undefined;
  return { host, port: Number(digits) };
}

/** The authority without its port; brackets stay. */
export function stripPort(authority: string): string {
  const colon = portColon(authority);
  return colon < 0 ? authority : authority.slice(0, colon);
}

/** Addresses of the tables may be Unix sockets: a path, or `@name` in Linux's abstract namespace. */
export function isSocketPath(address: string): boolean {
  return address.startsWith('/') || address.startsWith('@');
}

/** `host:port`, `[v6]:port`; a Unix socket's path is all there is. */
export function formatAuthority(host: string, port: number): string {
  if (isSocketPath(host)) return host;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
