import type { LocalReply } from '../../http/local-reply.ts';
import type { RequestHead } from '../../http/stream.ts';
import { TokenFault } from './fault.ts';

/** Envoy's: so much of what was asked for is said back. */
const maxPath = 256;

/** RFC 6750 section 3; another audience's token is none for us, which Envoy calls forbidden. */
export function refusal(fault: TokenFault, head: RequestHead, isSilent: boolean): LocalReply {
  const status = fault === TokenFault.Audience ? 403 : 401;
  const details = `jwt_authn_access_denied{${fault.replaceAll(' ', '_')}}`;
  if (isSilent) return { status, body: '', details };
  const realm = `${head.scheme}://${head.authority}${head.path.slice(0, maxPath)}`;
  const error = fault === TokenFault.Missing ? '' : ', error="invalid_token"';
  return {
    status,
    body: fault,
    details,
    headers: { 'www-authenticate': `Bearer realm="${realm.replace(/["\\]/g, '\\$&')}"${error}` },
  };
}
