import { isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { FieldPath } from '../path.ts';
import { offsetOf } from './to-plain.ts';

/**
 * Finds fields of a document in its text: answers the offset of the value at a path (or of its name), of the
 * nearest field above it where the path leads to nothing.
 */
export function locator(root: Node | null): (path: FieldPath, atKey: boolean) => number {
  let anchors: Map<string, Node> | undefined;
  const names = new WeakMap<Node, Map<string, Pair>>();
  return (path, atKey) => {
    let node: unknown = root;
    let offset = offsetOf(root);
    for (const [index, part] of path.entries()) {
      if (isAlias(node)) {
        anchors ??= anchorsOf(root);
        node = anchors.get(node.source);
      }
      if (isMap(node)) {
        const pair = namesOf(node, names).get(String(part));
        if (pair === undefined) return offset;
        // An empty value stands after its name; the name is the better place to point at.
        const empty =
          pair.value === null ||
          (isScalar(pair.value) && pair.value.value === null && pair.value.source === '');
        offset = offsetOf((atKey && index === path.length - 1) || empty ? pair.key : pair.value);
        node = pair.value;
      } else if (isSeq(node) && typeof part === 'number' && part < node.items.length) {
        node = node.items[part];
        offset = offsetOf(node);
      } else return offset;
    }
    return offset;
  };
}

function namesOf(map: Node & { items: Pair[] }, known: WeakMap<Node, Map<string, Pair>>): Map<string, Pair> {
  let names = known.get(map);
  if (names === undefined) {
    names = new Map();
    for (const pair of map.items) {
      if (!isScalar(pair.key)) continue;
      const name =
        typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value));
      if (!names.has(name)) names.set(name, pair);
    }
    known.set(map, names);
  }
  return names;
}

function anchorsOf(root: Node | null): Map<string, Node> {
  const anchors = new Map<string, Node>();
  const queue: unknown[] = [root];
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    const { anchor } = (node ?? {}) as { anchor?: string };
    if (anchor !== undefined && !isAlias(node)) anchors.set(anchor, node as Node);
    if (isMap(node)) for (const pair of node.items) queue.push(pair.value);
    else if (isSeq(node)) for (const item of node.items) queue.push(item);
  }
  return anchors;
}
