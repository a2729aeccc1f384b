import { type Cel, parseCel } from './cel-parse.ts';

type Scope = Readonly<Record<string, unknown>>;

/** Whether `self` satisfies a rule. An evaluation error (a field that isn't there, a bad conversion) is a no, as in Kubernetes. */
export function holds(rule: string, self: unknown): boolean {
  const tree = parseCel(rule);
  try {
    return evaluate(tree, { self }) === true;
  } catch (failure) {
    if (failure instanceof CelError) return false;
    throw failure;
  }
}

class CelError extends Error {}

function evaluate(node: Cel, scope: Scope): unknown {
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'list':
      return node.items.map((item) => evaluate(item, scope));
    case 'map':
      return {};
    case 'name':
      if (!(node.name in scope)) throw new Error(`unknown name ${node.name}`);
      return scope[node.name];
    case 'field': {
      const of = evaluate(node.of, scope);
      if (!hasField(of, node.name)) throw new CelError(`no such field: ${node.name}`);
      return (of as Record<string, unknown>)[node.name];
    }
    case 'not':
      return !evaluate(node.of, scope);
    case 'choice':
      return evaluate(evaluate(node.test, scope) === true ? node.yes : node.no, scope);
    case 'binary':
      return binary(node, scope);
    case 'call':
      return node.of === undefined
        ? call(node.name, node.args, scope)
        : method(node.name, evaluate(node.of, scope), node.args, scope);
  }
}

const hasField = (of: unknown, name: string): boolean =>
  typeof of === 'object' && of !== null && Object.hasOwn(of, name);

function binary({ op, left, right }: Extract<Cel, { kind: 'binary' }>, scope: Scope): unknown {
  const a = evaluate(left, scope);
  if (op === '&&') return a === true && evaluate(right, scope) === true;
  if (op === '||') return a === true || evaluate(right, scope) === true;
  const b = evaluate(right, scope);
  switch (op) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return (a as number) < (b as number);
    case '<=':
      return (a as number) <= (b as number);
    case '>':
      return (a as number) > (b as number);
    case '>=':
      return (a as number) >= (b as number);
    case '+':
      return (a as number) + (b as number);
    case '-':
      return (a as number) - (b as number);
    case 'in':
      return (b as unknown[]).includes(a);
    default:
      throw new Error(`unknown operator ${op}`);
  }
}

function call(name: string, args: readonly Cel[], scope: Scope): unknown {
  const [first] = args;
  if (first === undefined) throw new Error(`${name}() without argument`);
  if (name === 'has') {
    if (first.kind !== 'field') throw new Error('has() needs a field');
    return hasField(evaluate(first.of, scope), first.name);
  }
  const value = evaluate(first, scope);
  if (name === 'size') return size(value);
  if (name === 'int') {
    if (!/^-?\d+$/.test(String(value))) throw new CelError(`not an integer: ${value}`);
    return Number(value);
  }
  if (name === 'duration') return duration(String(value));
  if (name === 'url') return url(String(value));
  throw new Error(`unknown function ${name}`);
}

function method(name: string, of: unknown, args: readonly Cel[], scope: Scope): unknown {
  if (name === 'all' || name === 'exists' || name === 'exists_one') {
    const [variable, body] = args;
    if (variable?.kind !== 'name' || body === undefined)
      throw new Error(`${name}() needs a name and an expression`);
    const items = Array.isArray(of) ? of : Object.keys(of as object);
    const hits = items.filter((item) => evaluate(body, { ...scope, [variable.name]: item }) === true).length;
    if (name === 'all') return hits === items.length;
    return name === 'exists' ? hits > 0 : hits === 1;
  }
  if (name === 'size') return size(of);
  if (name === 'getScheme') return (of as URL).protocol.slice(0, -1);
  const text = String(of);
  const values = args.map((arg) => evaluate(arg, scope));
  switch (name) {
    case 'contains':
      return text.includes(String(values[0]));
    case 'startsWith':
      return text.startsWith(String(values[0]));
    case 'endsWith':
      return text.endsWith(String(values[0]));
    case 'matches':
      return new RegExp(String(values[0])).test(text);
    case 'substring': {
      const [from, to] = values as [number, number];
      if (to > text.length) throw new CelError('substring beyond the end');
      return text.slice(from, to);
    }
    default:
      throw new Error(`unknown method ${name}`);
  }
}

const size = (value: unknown): number =>
  typeof value === 'string'
    ? [...value].length
    : Array.isArray(value)
      ? value.length
      : Object.keys(value as object).length;

function url(text: string): URL {
  const parsed = URL.parse(text);
  if (parsed === null) throw new CelError(`not a URL: ${text}`);
  return parsed;
}

/** Seconds; written apart from our own parseDuration, which it judges. */
function duration(text: string): number {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  let rest = text.replace(/^[-+]/, '');
  if (rest === '0') return 0;
  let total = 0;
  while (rest !== '') {
    const match = /^(\d+(?:\.\d*)?|\.\d+)(h|ms|m|us|µs|ns|s)/.exec(rest);
    if (match === null) throw new CelError(`not a duration: ${text}`);
    total += Number(match[1]) * (units[match[2] ?? ''] ?? 0);
    rest = rest.slice(match[0].length);
  }
  if (text === '' || text === '-' || text === '+') throw new CelError('empty duration');
  return text.startsWith('-') ? -total : total;
}
