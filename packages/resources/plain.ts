import type { Finding } from './finding.ts';
import { error } from './finding.ts';
import type { FieldPath } from './path.ts';

/** Deepest nesting of a resource; Istio's deepest field is 12 levels down. */
const maxDepth = 64;

/** Names that reach an object's prototype when somebody copies fields carelessly; no API has such a field. */
export const reservedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * A copy of what was parsed that holds only what JSON can say, without `undefined` fields and without the
 * nulls that mean "absent". Refuses reserved names, too deep nesting and numbers that are not finite.
 */
export function plainCopy(value: unknown, dropNull: (path: FieldPath) => boolean, found: Finding[]): unknown {
  const path: (string | number)[] = [];
  const copy = (node: unknown): unknown => {
    if (path.length > maxDepth) {
      found.push(error('too-deep', [...path], `is nested deeper than ${maxDepth} levels`));
      return null;
    }
    if (Array.isArray(node)) {
      return node.map((item, index) => {
        path.push(index);
        const plain = copy(item);
        path.pop();
        return plain;
      });
    }
    if (typeof node === 'object' && node !== null) return copyObject(node);
    if (typeof node === 'number' && !Number.isFinite(node))
      found.push(error('wrong-type', [...path], `must be a finite number, not ${node}`));
    if (typeof node === 'bigint')
      found.push(error('out-of-range', [...path], `is an integer too large to be kept exactly: ${node}`));
    return node;
  };
  const copyObject = (node: object): object => {
    const plain: Record<string, unknown> = {};
    for (const [name, member] of Object.entries(node)) {
      if (member === undefined) continue;
      path.push(name);
      if (reservedNames.has(name)) {
        found.push({
          ...error('reserved-name', [...path], 'is a reserved name and cannot be a field'),
          atKey: true,
        });
      } else if (member !== null || !dropNull(path)) plain[name] = copy(member);
      path.pop();
    }
    return plain;
  };
  return copy(value);
}
