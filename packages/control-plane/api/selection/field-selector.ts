import type { Resource, ResourceKind } from '@tulle/resources/kind';
import { badRequest } from '../status-error.ts';

export interface FieldRequirement {
  readonly field: string;
  readonly value: string;
  readonly equal: boolean;
}

/** Beyond metadata.name and metadata.namespace: the fields of Kubernetes, by `plural.group`. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  'namespaces.': ['status.phase'],
  'services.': ['spec.clusterIP', 'spec.type'],
  'secrets.': ['type'],
  'events.': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source.component',
    'type',
  ],
  'workloads.tulle.dev': ['spec.serviceAccount'],
  'registrations.tulle.dev': ['spec.workload', 'spec.proxy'],
};

/** `a=b,c!=d`; a backslash escapes `,`, `=` and itself. @throws ApiError 400 */
export function parseFieldSelector(text: string, kind: ResourceKind): FieldRequirement[] {
  const known = [
    'metadata.name',
    'metadata.namespace',
    ...(selectable[`${kind.plural}.${kind.group}`] ?? []),
  ];
  const terms = text.match(/(?:\\.|[^\\,])+/g) ?? [];
  return terms.map((term) => {
    const match = /^((?:\\.|[^\\=!])+)(!=|==?)((?:\\.|[^\\=])*)$/.exec(term.trim());
    if (match === null) throw badRequest(`invalid field selector "${text}": can't understand "${term}"`);
    const [, field = '', operator, value = ''] = match;
    if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
    return { field, value: value.replaceAll(/\\(.)/g, '$1'), equal: operator !== '!=' };
  });
}

/** An absent field is the empty string. */
export function matchesFields(requirements: readonly FieldRequirement[], resource: Resource): boolean {
  return requirements.every(({ field, value, equal }) => {
    let found: unknown = resource;
    for (const step of field.split('.')) found = (found as Record<string, unknown> | undefined)?.[step];
    return (String(found ?? '') === value) === equal;
  });
}
