/** Without vowels and look-alikes, as Kubernetes': no words by accident. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const longestBase = 63 - suffixLength;

/** `reviews-` ⇒ `reviews-x7k2p`. `random(n)` is an integer in [0, n). */
export function generateName(base: string, random: (limit: number) => number): string {
  let name = base.slice(0, longestBase);
  for (let i = 0; i < suffixLength; i++) name += alphabet[random(alphabet.length)];
  return name;
}
