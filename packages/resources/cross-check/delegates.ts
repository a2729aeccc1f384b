import { error, type Finding, warning } from '../finding.ts';
import { isDelegate } from '../istio/virtual-service/check.ts';
import { circles } from './cycles.ts';
import type { ResourceSet } from './resource-set.ts';

/** Delegates: they exist, are delegated to, have no hosts, and don't lead back to where they came from. */
export function delegates(set: ResourceSet, report: (index: number, finding: Finding) => void): void {
  const byName = new Map(
    set.virtualServices.map((member) => [`${member.namespace}/${member.resource.metadata.name}`, member]),
  );
  const targets = (name: string) => {
    const member = byName.get(name);
    return (member?.resource.spec.http ?? []).flatMap(({ delegate }, index) =>
      delegate === undefined
        ? []
        : [{ index, name: `${delegate.namespace || member?.namespace}/${delegate.name}` }],
    );
  };
  const edges = new Map([...byName.keys()].map((name) => [name, targets(name).map((target) => target.name)]));
  const inCircle = new Set<string>();
  for (const circle of circles(edges)) {
    for (const name of circle) inCircle.add(name);
    const [first = ''] = circle;
    const route = targets(first).find(({ name }) => name === (circle[1] ?? first));
    const member = byName.get(first);
    if (member === undefined || route === undefined) continue;
    report(
      member.index,
      error(
        'cycle',
        ['spec', 'http', route.index, 'delegate'],
        `delegates in a circle: ${[...circle, first].join(' → ')}`,
      ),
    );
  }
  const delegatedTo = new Set([...edges.values()].flat());
  for (const [name, { index, resource }] of byName) {
    if (isDelegate(resource.spec)) {
      const message = 'has none, and no VirtualService here delegates to it: it does nothing';
      if (!delegatedTo.has(name)) report(index, warning('no-effect', ['spec', 'hosts'], message));
      continue;
    }
    for (const target of targets(name)) {
      const path = ['spec', 'http', target.index, 'delegate', 'name'];
      const delegate = byName.get(target.name);
      if (delegate === undefined)
        report(index, warning('unknown-delegate', path, `no VirtualService here is named ${target.name}`));
      else if (!isDelegate(delegate.resource.spec) && !inCircle.has(target.name)) {
        report(
          index,
          error(
            'bad-delegate',
            path,
            `VirtualService ${target.name} has hosts; only one without hosts can be a delegate`,
          ),
        );
      }
    }
  }
}
