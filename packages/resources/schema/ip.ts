/** Address syntax without node:net, so that the console can check what is typed. */

export function isIPv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

/** RFC 4291 text forms: groups, `::`, an embedded IPv4 tail. Zones (`%eth0`) are refused. */
export function isIPv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const all = groups.flat();
  let size = all.length;
  const last = all.at(-1);
  if (last?.includes('.')) {
    if (!isIPv4(last) || text.endsWith('::')) return false;
    all.pop();
    size++;
  }
  if (!all.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  return halves.length === 2 ? size <= 7 : size === 8;
}
