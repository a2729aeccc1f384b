import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml';
import type { FieldPath } from '../path.ts';
import { reservedNames } from '../plain.ts';
import type { ProblemCode } from '../problem-codes.ts';
import type { Limits } from './limits.ts';

/** What YAML can say and a resource cannot: with the node's offset in the text. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly path: FieldPath;
  readonly message: string;
  readonly offset: number;
}

/** Nodes added by aliases so far, over all documents of a text. */
export interface Budget {
  aliasNodes: number;
}

/**
 * Plain data from a YAML document's nodes. Refused: tags, keys that aren't scalars, keys given twice, reserved
 * names, integers that JavaScript can't hold exactly, aliases that contain themselves or multiply. Merge keys
 * (`<<`) work as kubectl's YAML reader has them.
 */
export function toPlain(
  root: Node | null,
  limits: Limits,
  budget: Budget,
): { value: unknown; refusals: Refusal[] } {
  const reader = new Reader(limits, budget);
  return { value: reader.read(root), refusals: reader.refusals };
}

class Reader {
  readonly refusals: Refusal[] = [];
  readonly #limits: Limits;
  readonly #budget: Budget;
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  readonly #path: (string | number)[] = [];
  #aliasDepth = 0;
  /** Where the outermost alias that is being read stands. */
  #aliasOffset = 0;

  constructor(limits: Limits, budget: Budget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  read(node: unknown): unknown {
    if (isAlias(node)) return this.#alias(node.source, offsetOf(node));
    if (this.#aliasDepth > 0 && ++this.#budget.aliasNodes > this.#limits.maxAliasNodes) {
      if (this.#budget.aliasNodes === this.#limits.maxAliasNodes + 1)
        this.#refuse(
          'alias-limit',
          this.#aliasOffset,
          `aliases add more than ${this.#limits.maxAliasNodes} values`,
        );
      return null;
    }
    const { anchor, tag } = (node ?? {}) as { anchor?: string; tag?: string };
    if (anchor !== undefined) this.#anchors.set(anchor, node as Node);
    if (tag !== undefined)
      this.#refuse(
        'tag',
        offsetOf(node),
        `YAML tags are not allowed (${tag.replace('tag:yaml.org,2002:', '!!')})`,
      );
    if (isMap(node)) return this.#inside(node, () => this.#map(node));
    if (isSeq(node))
      return this.#inside(node, () =>
        node.items.map((item, index) => this.#at(index, () => this.read(item))),
      );
    return isScalar(node) ? this.#scalar(node.value, offsetOf(node)) : null;
  }

  #scalar(value: unknown, offset: number): unknown {
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (Number.isSafeInteger(number)) return number;
      this.#refuse('out-of-range', offset, `integer too large to be kept exactly: ${value}`);
      return null;
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      this.#refuse('wrong-type', offset, `must be a finite number, not ${value}`);
      return null;
    }
    return value ?? null;
  }

  #map(map: YAMLMap): Record<string, unknown> {
    const plain: Record<string, unknown> = {};
    const merges: Pair[] = [];
    for (const pair of map.items) {
      const key = this.#key(pair);
      if (key === undefined) continue;
      if (key === '<<' && !isQuoted(pair.key)) {
        merges.push(pair);
        continue;
      }
      this.#at(key, () => {
        if (reservedNames.has(key))
          return this.#refuse(
            'reserved-name',
            offsetOf(pair.key),
            'is a reserved name and cannot be a field',
          );
        if (Object.hasOwn(plain, key))
          return this.#refuse('duplicate-key', offsetOf(pair.key), 'is given twice in the same object');
        plain[key] = this.read(pair.value);
      });
    }
    for (const pair of merges) this.#merge(plain, pair);
    return plain;
  }

  /** A scalar key as JSON has it: numbers and booleans become their text. */
  #key({ key }: Pair): string | undefined {
    if (isScalar(key)) {
      if (key.tag !== undefined) this.#refuse('tag', offsetOf(key), `YAML tags are not allowed (${key.tag})`);
      if (typeof key.value === 'string') return key.value;
      if (typeof key.value === 'number' || typeof key.value === 'bigint' || typeof key.value === 'boolean')
        return key.source ?? String(key.value);
    }
    this.#refuse(
      'bad-key',
      offsetOf(key),
      'a field’s name must be text, not a list, an object, an alias or nothing',
    );
    return undefined;
  }

  /** YAML's merge key: fields of one or several objects that are not given here. */
  #merge(plain: Record<string, unknown>, pair: Pair): void {
    const merged = this.read(pair.value);
    for (const source of Array.isArray(merged) ? merged : [merged]) {
      if (typeof source !== 'object' || source === null || Array.isArray(source)) {
        this.#refuse('bad-merge', offsetOf(pair.key), '"<<" needs an object, or a list of objects');
        return;
      }
      for (const [name, value] of Object.entries(source))
        if (!Object.hasOwn(plain, name)) plain[name] = value;
    }
  }

  #alias(name: string, offset: number): unknown {
    const target = this.#anchors.get(name);
    if (target === undefined || this.#open.has(target)) {
      this.#refuse(
        'bad-alias',
        offset,
        target === undefined ? `alias *${name} has no anchor before it` : `alias *${name} contains itself`,
      );
      return null;
    }
    if (this.#aliasDepth++ === 0) this.#aliasOffset = offset;
    const value = this.read(target);
    this.#aliasDepth--;
    return value;
  }

  #inside<T>(node: Node, read: () => T): T | null {
    if (this.#path.length > this.#limits.maxDepth) {
      this.#refuse('too-deep', offsetOf(node), `is nested deeper than ${this.#limits.maxDepth} levels`);
      return null;
    }
    this.#open.add(node);
    const value = read();
    this.#open.delete(node);
    return value;
  }

  #at<T>(part: string | number, read: () => T): T {
    this.#path.push(part);
    const value = read();
    this.#path.pop();
    return value;
  }

  #refuse(code: ProblemCode, offset: number, message: string): void {
    if (this.refusals.length < this.#limits.maxProblems)
      this.refusals.push({ code, path: [...this.#path], message, offset });
  }
}

const isQuoted = (key: unknown): boolean => isScalar(key) && key.type !== 'PLAIN';

/** Where a node starts in the text. */
export const offsetOf = (node: unknown): number =>
  (node as { range?: readonly number[] } | null)?.range?.[0] ?? 0;
