import { badRequest } from '../status-error.ts';

/** One condition on labels. `in` with one value is equality. */
export type Requirement =
  | { readonly key: string; readonly operator: 'in' | 'notin'; readonly values: readonly string[] }
  | { readonly key: string; readonly operator: 'exists' | 'missing' }
  | { readonly key: string; readonly operator: '>' | '<'; readonly bound: number };

type Labels = Readonly<Record<string, string>>;

const keyPattern = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const valuePattern = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/**
 * Equality and set based selectors, as `labels.Parse` of the Kubernetes API machinery: `a=b,c!=d,e in (x,y),f,!g,n>5`.
 * @throws ApiError 400
 */
export function parseLabelSelector(text: string): Requirement[] {
  const tokens = text.match(/==|!=|[=!<>(),]|[^\s=!<>(),]+/g) ?? [];
  const requirements: Requirement[] = [];
  let at = 0;
  const fail = (expected: string): never => {
    const found = tokens[at] === undefined ? 'end of the selector' : `"${tokens[at]}"`;
    throw badRequest(`unable to parse requirement: found ${found}, expected: ${expected}`);
  };
  const take = (pattern: RegExp, expected: string): string => {
    const token = tokens[at];
    if (token === undefined || !pattern.test(token)) return fail(expected);
    at++;
    return token;
  };
  const value = (): string => {
    const token = tokens[at];
    if (token === undefined || /^[,)]$/.test(token)) return '';
    return take(valuePattern, 'a label value');
  };
  const values = (): string[] => {
    take(/^\($/, '(');
    const list = [value()];
    while (tokens[at] === ',') {
      at++;
      list.push(value());
    }
    take(/^\)$/, ')');
    return list;
  };
  const requirement = (): Requirement => {
    if (tokens[at] === '!') {
      at++;
      return { key: take(keyPattern, 'a label key'), operator: 'missing' };
    }
    const key = take(keyPattern, 'a label key');
    const operator = tokens[at];
    if (operator === undefined || operator === ',') return { key, operator: 'exists' };
    at++;
    if (operator === '=' || operator === '==') return { key, operator: 'in', values: [value()] };
    if (operator === '!=') return { key, operator: 'notin', values: [value()] };
    if (operator === 'in' || operator === 'notin') return { key, operator, values: values() };
    if (operator === '>' || operator === '<')
      return { key, operator, bound: Number(take(/^-?\d+$/, 'an integer')) };
    at--;
    return fail('=, ==, !=, in, notin, >, <');
  };
  if (tokens.length === 0) return requirements;
  requirements.push(requirement());
  while (at < tokens.length) {
    take(/^,$/, ', or end of the selector');
    requirements.push(requirement());
  }
  return requirements;
}

/** A missing key matches `!=` and `notin`, as in Kubernetes. */
export function matchesLabels(requirements: readonly Requirement[], labels: Labels = {}): boolean {
  return requirements.every((requirement) => {
    const value = Object.hasOwn(labels, requirement.key) ? labels[requirement.key] : undefined;
    return holds(requirement, value);
  });
}

function holds(requirement: Requirement, value: string | undefined): boolean {
  switch (requirement.operator) {
    case 'in':
      return value !== undefined && requirement.values.includes(value);
    case 'notin':
      return value === undefined || !requirement.values.includes(value);
    case 'exists':
      return value !== undefined;
    case 'missing':
      return value === undefined;
    case '>':
      return isInteger(value) && Number(value) > requirement.bound;
    case '<':
      return isInteger(value) && Number(value) < requirement.bound;
  }
}

const isInteger = (value: string | undefined): boolean => /^-?\d+$/.test(value ?? '');
