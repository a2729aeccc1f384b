/**
 * The text of an enrolment token: `tulle1.<id>.<secret>.<pin>`, each part base64url.
 *
 * The pin is the SHA-256 of the root certificate's DER: the proxy knows whom to trust before it sends the
 * secret, and needs no file beside the token.
 */
export interface EnrolmentToken {
  readonly id: string;
  readonly secret: string;
  /** Lower-case hex of SHA-256 over the root certificate's DER. */
  readonly rootPin: string;
}

const form = /^tulle1\.([A-Za-z0-9_-]{8,64})\.([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})$/;

export function formatEnrolmentToken(token: EnrolmentToken): string {
  const pin = Buffer.from(token.rootPin, 'hex').toString('base64url');
  return `tulle1.${token.id}.${token.secret}.${pin}`;
}

/** Undefined for text that is not of the form above. */
export function parseEnrolmentToken(text: string): EnrolmentToken | undefined {
  const [, id, secret, pin] = form.exec(text) ?? [];
  if (id === undefined || secret === undefined || pin === undefined) return undefined;
  return { id, secret, rootPin: Buffer.from(pin, 'base64url').toString('hex') };
}
