/** The part of CEL that Istio's CRDs use, as a tree. Not a full parser: what it doesn't know it refuses. */
export type Cel =
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'field'; readonly of: Cel; readonly name: string }
  | { readonly kind: 'call'; readonly of?: Cel; readonly name: string; readonly args: readonly Cel[] }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Cel; readonly right: Cel }
  | { readonly kind: 'not'; readonly of: Cel }
  | { readonly kind: 'choice'; readonly test: Cel; readonly yes: Cel; readonly no: Cel }
  | { readonly kind: 'list'; readonly items: readonly Cel[] }
  | { readonly kind: 'map' };

const token =
  /\s*(?:(\d+)|("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|([A-Za-z_]\w*)|(\|\||&&|==|!=|<=|>=|[-+!<>?:.,()[\]{}]))/y;

/** Reads the part of CEL that Istio’s CRDs use. @throws Error for anything else */
export function parseCel(text: string): Cel {
  const tokens: string[] = [];
  token.lastIndex = 0;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) tokens.push(match[0].trim());
  if (tokens.join('').length !== text.replace(/\s/g, '').length && !text.includes(' '))
    throw new Error(`cannot read ${text}`);
  let at = 0;
  const peek = () => tokens[at] ?? '';
  const take = (wanted?: string): string => {
    const found = tokens[at++] ?? '';
    if (wanted !== undefined && found !== wanted)
      throw new Error(`expected ${wanted}, found ${found || 'the end'} in ${text}`);
    return found;
  };

  const choice = (): Cel => {
    const test = binary(0);
    if (peek() !== '?') return test;
    take('?');
    const yes = choice();
    take(':');
    return { kind: 'choice', test, yes, no: choice() };
  };
  const levels = [['||'], ['&&'], ['==', '!=', '<', '<=', '>', '>=', 'in'], ['+', '-']];
  const binary = (level: number): Cel => {
    const ops = levels[level];
    if (ops === undefined) return unary();
    let left = binary(level + 1);
    while (ops.includes(peek())) left = { kind: 'binary', op: take(), left, right: binary(level + 1) };
    return left;
  };
  const unary = (): Cel => {
    if (peek() !== '!') return member();
    take('!');
    return { kind: 'not', of: unary() };
  };
  const list = (end: string): Cel[] => {
    const items: Cel[] = [];
    while (peek() !== end) {
      items.push(choice());
      if (peek() === ',') take(',');
    }
    take(end);
    return items;
  };
  const member = (): Cel => {
    let of = primary();
    while (peek() === '.') {
      take('.');
      const name = take();
      if (peek() === '(') {
        take('(');
        of = { kind: 'call', of, name, args: list(')') };
      } else of = { kind: 'field', of, name };
    }
    return of;
  };
  const primary = (): Cel => {
    const first = take();
    if (first === '(') {
      const inner = choice();
      take(')');
      return inner;
    }
    if (first === '[') return { kind: 'list', items: list(']') };
    if (first === '{') {
      take('}');
      return { kind: 'map' };
    }
    if (/^\d/.test(first)) return { kind: 'literal', value: Number(first) };
    if (/^["']/.test(first)) return { kind: 'literal', value: first.slice(1, -1).replace(/\\(.)/g, '$1') };
    if (first === 'true' || first === 'false') return { kind: 'literal', value: first === 'true' };
    if (!/^[A-Za-z_]/.test(first)) throw new Error(`unexpected ${first || 'end'} in ${text}`);
    if (peek() !== '(') return { kind: 'name', name: first };
    take('(');
    return { kind: 'call', name: first, args: list(')') };
  };

  const tree = choice();
  if (at !== tokens.length) throw new Error(`unexpected ${peek()} in ${text}`);
  return tree;
}
