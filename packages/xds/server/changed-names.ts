import type { XdsResource } from '../resource.ts';

type Resources = ReadonlyMap<string, XdsResource>;

const known = new WeakMap<Resources, WeakMap<Resources, readonly string[]>>();

/**
 * Names that are new, gone or of another version in `after`. Computed once per pair, as hundreds of proxies
 * go from the same snapshot to the same next one.
 */
export function changedNames(before: Resources, after: Resources): readonly string[] {
  const followers = known.get(before) ?? new WeakMap<Resources, readonly string[]>();
  known.set(before, followers);
  let names = followers.get(after);
  if (names === undefined) {
    names = compare(before, after);
    followers.set(after, names);
  }
  return names;
}

function compare(before: Resources, after: Resources): string[] {
  const names: string[] = [];
  for (const [name, resource] of after) {
    const known = before.get(name);
    if (known !== resource && known?.version !== resource.version) names.push(name);
  }
  for (const name of before.keys()) if (!after.has(name)) names.push(name);
  return names;
}
