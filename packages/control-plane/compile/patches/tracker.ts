import { clone, type DescMessage, type Message, type MessageShape } from '@bufbuild/protobuf';
import { merge } from './merge.ts';
import type { Patch } from './patch-set.ts';

/** Remembers which patches have had an effect on a resource, while it is patched in place. */
export class Tracker {
  readonly used = new Set<Patch>();

  /** Merges the patch's value into a part of the resource, which keeps its name. */
  merge<Desc extends DescMessage>(
    desc: Desc,
    target: MessageShape<Desc>,
    patch: Patch,
    value: Message | undefined = patch.value,
  ): void {
    const { name } = target as { name?: string };
    merge(desc, target, value as Message, patch.operation === 'MERGE' ? 'append' : 'replace');
    if (name !== undefined) (target as { name?: string }).name = name;
    this.used.add(patch);
  }

  /** A new copy of the patch's value. */
  value<Desc extends DescMessage>(desc: Desc, patch: Patch): MessageShape<Desc> {
    return clone(desc, patch.value as MessageShape<Desc>);
  }
}
