/**
 * The name among `known` that `name` was most likely meant to be, or undefined when none is near.
 * Near: at most a third of the letters differ (a swap of neighbours counts once), and always when only
 * case, dashes or underscores differ.
 */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const folded = fold(name);
  let best: string | undefined;
  let bestDistance = Math.min(4, Math.max(1, Math.ceil(name.length / 3))) + 1;
  for (const candidate of known) {
    if (candidate === name) continue;
    if (fold(candidate) === folded) return candidate;
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const distance = editDistance(folded, fold(candidate));
    if (distance < bestDistance && distance < name.length) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

const fold = (name: string): string => name.toLowerCase().replace(/[-_]/g, '');

/** Damerau-Levenshtein distance (optimal string alignment): inserts, deletes, replacements, neighbour swaps. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replace);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
