import type { ResourceKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { metadataSchema } from './schema/metadata.ts';
import { type JsonSchema, renderSchema } from './schema/render.ts';
import { apiVersionOf } from './schema/resource.ts';

const objectMeta = 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta';

/**
 * OpenAPI v3 schema components for the API server, one per kind and version, named as Kubernetes names its own
 * (`io.k8s.api.core.v1.Service`, `io.istio.networking.v1.VirtualService`) and marked with
 * `x-kubernetes-group-version-kind`. Metadata is shared by reference.
 */
export function openApiSchemas(of: readonly ResourceKind[] = kinds): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {
    [objectMeta]: renderSchema(metadataSchema('dns-subdomain'), 'openapi'),
  };
  for (const kind of of) {
    const rendered = renderSchema(kind.schema, 'openapi');
    for (const version of kind.versions)
      schemas[componentName(kind, version)] = component(kind, version, rendered);
  }
  return schemas;
}

/** `io.istio.networking.v1.VirtualService`: the group's labels backwards, version, kind. */
function componentName({ group, kind }: ResourceKind, version: string): string {
  const prefix = group === '' ? 'io.k8s.api.core' : group.split('.').reverse().join('.');
  return `${prefix}.${version}.${kind}`;
}

function component(kind: ResourceKind, version: string, rendered: JsonSchema): JsonSchema {
  const properties = rendered.properties as Record<string, JsonSchema>;
  return {
    ...rendered,
    description: kind.description,
    // apiVersion and kind may be left out in a request: the path says them.
    required: ((rendered.required as string[] | undefined) ?? []).filter(
      (field) => !['apiVersion', 'kind', 'metadata'].includes(field),
    ),
    properties: {
      ...properties,
      apiVersion: { type: 'string', description: `${apiVersionOf(kind.group, version)}.` },
      kind: { type: 'string', description: `${kind.kind}.` },
      metadata: {
        description: 'Standard object metadata.',
        allOf: [{ $ref: `#/components/schemas/${objectMeta}` }],
        default: {},
      },
    },
    'x-kubernetes-group-version-kind': [{ group: kind.group, version, kind: kind.kind }],
  };
}
