import { stringify } from 'yaml';
import type { Column, ResourceKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { type JsonSchema, ownFields, renderSchema } from './schema/render.ts';

/** The CustomResourceDefinition of a kind, as an object. Not for the core group, whose kinds Kubernetes has. */
export function crd(kind: ResourceKind): JsonSchema {
  const { group, kind: name, plural, singular, shortNames, categories, versions, namespaced } = kind;
  const whole = renderSchema(kind.schema, 'crd');
  const fields = ownFields(whole);
  const required = ((whole.required as string[] | undefined) ?? []).filter((field) => field in fields);
  const openAPIV3Schema = {
    type: 'object',
    description: kind.description,
    properties: fields,
    ...(required.length > 0 ? { required } : {}),
  };
  const listNames = {
    ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
    ...(categories !== undefined && categories.length > 0 ? { categories: [...categories] } : {}),
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'app.kubernetes.io/part-of': 'tulle' } },
    spec: {
      group,
      names: { kind: name, listKind: `${name}List`, plural, singular, ...listNames },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: versions.map((version, index) => ({
        name: version,
        served: true,
        storage: index === 0,
        additionalPrinterColumns: kind.columns.map(printerColumn),
        schema: { openAPIV3Schema },
        ...('status' in fields ? { subresources: { status: {} } } : {}),
      })),
    },
  };
}

function printerColumn({ name, type, path, description, priority }: Column): JsonSchema {
  return {
    name,
    type,
    jsonPath: `.${path}`,
    ...(description === undefined ? {} : { description }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** All CRDs as one multi-document YAML text. */
export function crdYaml(of: readonly ResourceKind[] = kinds): string {
  return of
    .filter(({ group }) => group !== '')
    .map((kind) => stringify(crd(kind), { aliasDuplicateObjects: false, lineWidth: 0 }))
    .join('---\n');
}
