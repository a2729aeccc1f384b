import type { Analyzer } from '../analyzer.ts';
import type { Message } from '../message.ts';

const exportedNowhere: Message = {
  code: 'TUL0801',
  name: 'ExportedToUnknownNamespace',
  level: 'Warning',
  about: 'exportTo names a namespace that does not exist.',
  consequence: 'The resource is visible to nobody there.',
  remedy: 'Correct the name; `.` is the resource’s own namespace, `*` all.',
};

const noNamespace: Message = {
  code: 'TUL0802',
  name: 'NamespaceNotFound',
  level: 'Warning',
  about: 'A resource is of a namespace that does not exist.',
  consequence: 'It is refused until the namespace is made.',
  remedy: 'Add a Namespace, or correct metadata.namespace.',
};

/** Namespaces that resources name. */
export const visibility: Analyzer = {
  messages: [exportedNowhere, noNamespace],
  analyze({ config, resources, namespaces, knows }, report) {
    if (!knows.namespaces) return;
    for (const kind of ['VirtualService', 'DestinationRule', 'ServiceEntry'])
      for (const { spec, at } of resources<{ readonly exportTo?: readonly string[] }>(kind))
        for (const [index, name] of (spec.exportTo ?? []).entries())
          if (!/^[.*~]$/.test(name) && !namespaces.has(name))
            report(exportedNowhere, at(`spec.exportTo[${index}]`), `there is no namespace ${name}`);
    for (const kind of new Set([...config.resources.values()].map((resource) => resource.kind)))
      for (const { namespace, at } of resources(kind))
        if (namespace !== '' && !namespaces.has(namespace))
          report(noNamespace, at('metadata.namespace'), `there is no namespace ${namespace}`);
  },
};
