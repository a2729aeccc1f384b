/**
 * Which resources of a response a NACK is about: the names that its message contains as whole words, or all
 * of them if it names none. (The protocol has no field for it. Envoy and our proxy apply the others.)
 */
export function rejectedNames(message: string, names: Iterable<string>): ReadonlySet<string> {
  const all = [...names];
  const named = all.filter((name) => contains(message, name));
  return new Set(named.length === 0 ? all : named);
}

const partOfName = /[\w.|:*/-]/;

function contains(message: string, name: string): boolean {
  if (name === '') return false;
  for (let at = message.indexOf(name); at >= 0; at = message.indexOf(name, at + 1)) {
    const before = message[at - 1] ?? ' ';
    const after = message.slice(at + name.length, at + name.length + 2);
    // A full stop or colon ends a sentence unless a name goes on after it.
    const ends = after === '' || !partOfName.test(after[0] as string) || /^[.:](\s|$)/.test(after);
    if (!partOfName.test(before) && ends) return true;
  }
  return false;
}
