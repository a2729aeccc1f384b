import { valuesAt } from '@tulle/control-plane/api/shapes/column-path';
import type { Column, Condition, Resource, ResourceKind } from '@tulle/resources/kind';
import { formatAgeOf } from './duration.ts';
import { renderTable, type TableColumn } from './table.ts';

export interface ResourceTableOptions {
  readonly wide: boolean;
  readonly showNamespace: boolean;
  readonly now: number;
  readonly width?: number | undefined;
  /** `virtualservice.networking.istio.io/` before the name, where several kinds are listed. */
  readonly prefix?: string;
  readonly heading?: (text: string) => string;
}

/** Resources of one kind as `tulle get` shows them: the kind's own columns, as kubectl has them. */
export function renderResourceTable(
  kind: Pick<ResourceKind, 'columns'>,
  resources: readonly Resource[],
  options: ResourceTableOptions,
): string {
  const { wide, showNamespace, now, prefix = '' } = options;
  const columns = kind.columns.filter(({ priority = 0 }) => wide || priority === 0);
  const hasAge = columns.some(({ type }) => type === 'date');
  const applied = resources.some((resource) => appliedOf(resource) !== undefined);
  const titles: TableColumn[] = [
    ...(showNamespace ? [{ title: 'NAMESPACE' }] : []),
    { title: 'NAME' },
    ...columns.map(({ name }) => ({ title: name.toUpperCase() })),
    ...(applied ? [{ title: 'APPLIED' }] : []),
    ...(hasAge ? [] : [{ title: 'AGE' }]),
  ];
  const rows = resources.map((resource) => [
    ...(showNamespace ? [resource.metadata.namespace ?? ''] : []),
    prefix + resource.metadata.name,
    ...columns.map((column) => cell(resource, column, now)),
    ...(applied ? [appliedOf(resource) ?? ''] : []),
    ...(hasAge ? [] : [formatAgeOf(resource.metadata.creationTimestamp, now)]),
  ]);
  return renderTable(titles, rows, {
    width: options.width,
    ...(options.heading === undefined ? {} : { heading: options.heading }),
  });
}

export function conditionsOf(resource: Resource): readonly Condition[] {
  const { status } = resource;
  const conditions =
    typeof status === 'object' && status !== null && 'conditions' in status ? status.conditions : undefined;
  return Array.isArray(conditions) ? (conditions as Condition[]) : [];
}

/** `7/7`, or `6/7; sidecar …: reason`, from the condition that the control plane writes; `-` where no proxy needs it. */
function appliedOf(resource: Resource): string | undefined {
  const condition = conditionsOf(resource).find(({ type }) => type === 'Applied');
  if (condition === undefined) return undefined;
  return condition.status === 'Unknown' ? '-' : condition.message.replace(/^Applied /, '');
}

/** Maps as `app=reviews,version=v1`; whatever is deeper as JSON. */
function inCell(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  const isFlat = entries.every(([, inner]) => typeof inner !== 'object');
  return isFlat ? entries.map(([name, inner]) => `${name}=${inner}`).join(',') : JSON.stringify(value);
}

function cell(resource: Resource, { path, type }: Column, now: number): string {
  const values = valuesAt(path, resource).flat();
  if (type === 'date') return values[0] === undefined ? '<unknown>' : formatAgeOf(String(values[0]), now);
  return values.map(inCell).join(',');
}
