const longestText = 256;
const longestAll = 4096;

/**
 * `Warning: 299 - "text"` (RFC 7234 5.5), one value per warning, cut to Kubernetes' limits. Text beyond ASCII
 * goes as UTF-8 bytes, which is what Go clients read.
 */
export function warningHeaders(warnings: readonly string[]): string[] {
  const headers: string[] = [];
  let total = 0;
  for (const warning of new Set(warnings)) {
    const line = warning.replaceAll(/\p{Cc}+/gu, ' ');
    const text = [...line].length > longestText ? `${[...line].slice(0, longestText - 1).join('')}…` : line;
    const quoted = text.replaceAll(/["\\]/g, '\\$&');
    const header = Buffer.from(`299 - "${quoted}"`, 'utf8').toString('latin1');
    total += header.length;
    if (total > longestAll) break;
    headers.push(header);
  }
  return headers;
}
