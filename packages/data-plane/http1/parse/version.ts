import { Http1Error } from '../protocol-error.ts';

const prefix = [...Buffer.from('HTTP/1.')];

/**
 * The version at `bytes[from]` (RFC 9112 section 2.3).
 *
 * @throws Http1Error for any but these two
 */
export function versionOf(bytes: Uint8Array, from: number): 'HTTP/1.1' | 'HTTP/1.0' {
  let at = 0;
  while (at < prefix.length && bytes[from + at] === prefix[at]) at++;
  const minor = bytes[from + at];
  if (at < prefix.length || (minor !== 0x31 && minor !== 0x30)) throw new Http1Error('bad-version');
  return minor === 0x31 ? 'HTTP/1.1' : 'HTTP/1.0';
}
