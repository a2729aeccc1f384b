import type { Column, Resource } from '@tulle/resources/kind';
import { inVersion, type ServedKind } from '../served-kinds.ts';
import { valuesAt } from './column-path.ts';
import { humanDuration } from './human-duration.ts';

/** What rows carry beside their cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  readonly now: number;
  readonly includeObject: IncludeObject;
  /** List metadata: resourceVersion, continue, remainingItemCount. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Only the first Table of a watch has them. */
  readonly withColumns: boolean;
}

const age: Column = {
  name: 'Age',
  type: 'date',
  path: 'metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

const name: Column = {
  name: 'Name',
  type: 'string',
  path: 'metadata.name',
  description: 'Name, unique within a namespace.',
};

/** meta.k8s.io/v1 Table: what kubectl prints. */
export function toTable(items: readonly Resource[], served: ServedKind, options: TableOptions): object {
  const { columns: own } = served.kind;
  const columns = [
    name,
    ...own.filter((column) => column.path !== name.path),
    ...(own.some(({ path }) => path === age.path) ? [] : [age]),
  ];
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.withColumns ? columns.map(definitionOf) : [],
    rows: items.map((item) => ({
      cells: columns.map((column) => cellOf(column, item, options.now)),
      ...rowObject(inVersion(item, served), options.includeObject),
    })),
  };
}

const definitionOf = (column: Column) => ({
  name: column.name,
  type: column.type,
  format: column === name ? 'name' : '',
  description: column.description ?? '',
  priority: column.priority ?? 0,
});

/** One value as it is, several separated by commas; nothing: null, which kubectl shows as `<none>`. */
function cellOf({ type, path }: Column, item: Resource, now: number): unknown {
  const values = valuesAt(path, item);
  const [first] = values;
  if (first === undefined) return type === 'date' ? '<unknown>' : null;
  if (type === 'date') {
    const since = Date.parse(String(first));
    return Number.isNaN(since) ? '<unknown>' : humanDuration(now - since);
  }
  if (type === 'integer' || type === 'boolean') return first;
  return values.map(text).join(',');
}

const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function rowObject(item: Resource, include: IncludeObject): { object?: unknown } {
  if (include === 'None') return {};
  return { object: include === 'Object' ? item : toPartial(item) };
}

/** meta.k8s.io/v1 PartialObjectMetadata. */
export const toPartial = ({ metadata }: Resource): object => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});
