import type { Resource } from '@tulle/resources/kind';
import { stringify } from 'yaml';

export type DocumentFormat = 'yaml' | 'json';

/** Values as YAML or JSON for people and programs; managed fields are left out, as kubectl does. */
export function renderDocument(value: unknown, format: DocumentFormat): string {
  if (format === 'json') return `${JSON.stringify(value, null, 2)}\n`;
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** One resource as it is, several as a List. */
export function renderResources(
  resources: readonly Resource[],
  format: DocumentFormat,
  single: boolean,
): string {
  const [first] = resources;
  const shown = resources.map(withoutManagedFields);
  if (single && first !== undefined) return renderDocument(shown[0], format);
  return renderDocument({ apiVersion: 'v1', kind: 'List', metadata: {}, items: shown }, format);
}

function withoutManagedFields(resource: Resource): Resource {
  const { managedFields: _, ...metadata } = resource.metadata;
  const { apiVersion, kind, metadata: _m, ...rest } = resource;
  return { apiVersion, kind, metadata, ...rest };
}
