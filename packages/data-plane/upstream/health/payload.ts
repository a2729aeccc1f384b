/**
 * Whether all `parts` are in `data`, in their order, with anything between them: Envoy's matching of what a
 * server sends. No parts: anything will do.
 */
export function holdsInOrder(data: Buffer, parts: readonly Uint8Array[]): boolean {
  let at = 0;
  for (const part of parts) {
    const found = data.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return true;
}
