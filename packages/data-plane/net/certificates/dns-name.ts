/** The wildcard that covers a name, by one label (RFC 9525 section 6.3): `a.b.c` → `*.b.c`. Empty: none does. */
export function wildcardOf(name: string): string {
  const dot = name.indexOf('.');
  return dot < 1 ? '' : `*${name.slice(dot)}`;
}

/** Whether a certificate that shows `shown`, which may be a wildcard, is for `name`. */
export function isFor(shown: string, name: string): boolean {
  const lower = shown.toLowerCase();
  const wanted = name.toLowerCase();
  return lower === wanted || (lower !== '' && lower === wildcardOf(wanted));
}
