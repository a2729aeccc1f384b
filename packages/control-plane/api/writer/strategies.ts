import { fieldsOf } from '@tulle/resources/json-object';
import type { Resource } from '@tulle/resources/kind';

/** What a kind does differently when it is written. Every function is pure. */
export interface Strategy {
  /** Before validation of a create or an update. */
  readonly prepare?: (resource: Resource) => Resource;
  /** After preparation of a create, when the user's status has been dropped. */
  readonly created?: (resource: Resource) => Resource;
  /** The object as it is while its deletion is under way, if that takes more than this one write. */
  readonly terminating?: (resource: Resource) => Resource;
}

/** As Kubernetes: a namespace is found by its name as a label, and stays until its contents are gone. */
const namespace: Strategy = {
  prepare: (resource) => ({
    ...resource,
    metadata: {
      ...resource.metadata,
      labels: { ...resource.metadata.labels, 'kubernetes.io/metadata.name': resource.metadata.name },
    },
  }),
  created: (resource) => ({ ...resource, status: { phase: 'Active' } }),
  terminating: (resource) => ({
    ...resource,
    status: { ...fieldsOf(resource.status), phase: 'Terminating' },
  }),
};

/** `stringData` is for writing only: it becomes part of `data`, in base64. */
const secret: Strategy = {
  prepare: ({ stringData, ...resource }) => {
    const type = resource.type ?? 'Opaque';
    if (stringData === undefined || stringData === null) return { ...resource, type };
    const entries = Object.entries(fieldsOf(stringData));
    // What is no string is left for validation to name.
    if (entries.some(([, text]) => typeof text !== 'string')) return { ...resource, type, stringData };
    const added = entries.map(
      ([key, text]) => [key, Buffer.from(text as string).toString('base64')] as const,
    );
    return { ...resource, type, data: { ...fieldsOf(resource.data), ...Object.fromEntries(added) } };
  },
};

/** The defaults of Kubernetes that clients rely on reading back. */
const service: Strategy = {
  prepare: (resource) => {
    const spec = fieldsOf(resource.spec);
    if (!Array.isArray(spec.ports)) return resource;
    const ports = spec.ports.map((port: unknown) => {
      if (typeof port !== 'object' || port === null) return port;
      const { protocol, targetPort, ...rest } = port as Record<string, unknown>;
      return { ...rest, protocol: protocol ?? 'TCP', targetPort: targetPort ?? rest.port };
    });
    return { ...resource, spec: { ...spec, ports, type: spec.type ?? 'ClusterIP' } };
  },
};

const strategies: Readonly<Record<string, Strategy>> = {
  'namespaces.': namespace,
  'secrets.': secret,
  'services.': service,
};

export const strategyOf = ({
  group,
  plural,
}: {
  readonly group: string;
  readonly plural: string;
}): Strategy => strategies[`${plural}.${group}`] ?? {};
