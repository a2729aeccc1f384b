import { BlockList, isIP } from 'node:net';

/** Where machines tell secrets to whoever asks from them (169.254.169.254), and what is nobody's address. */
const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('0.0.0.0', 8, 'ipv4');
forbidden.addSubnet('224.0.0.0', 4, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addSubnet('ff00::', 8, 'ipv6');
forbidden.addAddress('::', 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6');
// The same, as networks of IPv6 alone call it (NAT64, RFC 6052).
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');

/** Nobody is sent there by what somebody else says of a name or a URL. */
export const isForbidden = (address: string): boolean =>
  forbidden.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
