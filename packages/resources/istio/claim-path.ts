const prefix = '@request.auth.claims';

/**
 * A claim of a verified token where a header is named: `@request.auth.claims.org.team`, or
 * `@request.auth.claims[org][team]` for names with dots (Istio). Undefined: it names a header.
 */
export function claimOfHeader(name: string): readonly string[] | undefined {
  return name.startsWith(prefix) ? claimPath(name.slice(prefix.length).replace(/^\./, '')) : undefined;
}

/** `org.team`, or `[org][team]`. Undefined: it is neither. */
export function claimPath(text: string): readonly string[] | undefined {
  if (text.startsWith('[')) {
    if (!/^(\[[^[\]]+\])+$/.test(text)) return undefined;
    return text.slice(1, -1).split('][');
  }
  const names = text.split('.');
  return names.includes('') ? undefined : names;
}
