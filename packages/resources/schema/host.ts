import { isIPv4, isIPv6 } from './ip.ts';

const hostLabel = /^[A-Za-z0-9_]([-A-Za-z0-9_]*[A-Za-z0-9_])?$/;

/** A name of DNS labels, at most 255 long, of which the first may be `*` or start with `*` when `wildcard`. */
export function isHostName(host: string, wildcard: boolean): boolean {
  if (host === '' || host.length > 255) return false;
  const [first = '', ...rest] = host.replace(/\.$/, '').split('.');
  const firstOk =
    hostLabel.test(first) ||
    (wildcard && (first === '*' || (first.startsWith('*') && hostLabel.test(first.replace(/^\*-?/, '')))));
  return firstOk && first.length <= 63 && rest.every((label) => label.length <= 63 && hostLabel.test(label));
}

/** An IPv4 or IPv6 address without port, brackets or prefix length. */
export const isIpAddress = (text: string): boolean => isIPv4(text) || isIPv6(text);

/** `10.0.0.0/8`, `fd00::/8`, or a plain address. */
export function isIpOrCidr(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return isIpAddress(text);
  const address = text.slice(0, slash);
  const bits = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}
