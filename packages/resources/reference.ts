import type { ResourceKind } from './kind.ts';
import { kinds } from './kinds.ts';
import { problemCodes } from './problem-codes.ts';
import { type JsonSchema, ownFields, renderSchema } from './schema/render.ts';
import { apiVersionOf } from './schema/resource.ts';

/** The reference as Markdown pages by file name: `index.md`, one page per kind, and `problems.md`. */
export function generateReference(of: readonly ResourceKind[] = kinds): Record<string, string> {
  const pages = of.map((kind) => [pageName(kind), page(kind)] as const);
  return { 'index.md': index(of), ...Object.fromEntries(pages), 'problems.md': problems() };
}

/** `virtualservice.md`: names of kinds are unique among ours. */
const pageName = (kind: ResourceKind): string => `${kind.singular}.md`;

const generated = '<!-- Generated from packages/resources by generate.ts; do not edit. -->';

function index(of: readonly ResourceKind[]): string {
  const rows = of.map(
    (kind) =>
      `| [${kind.kind}](${pageName(kind)}) | \`${apiVersions(kind)[0]}\` | ${[kind.plural, ...kind.shortNames].map((name) => `\`${name}\``).join(', ')} | ${cell(kind.description)} |`,
  );
  return [
    generated,
    '# Resources',
    '',
    '| kind | apiVersion | on the command line | what it is |',
    '|---|---|---|---|',
    ...rows,
    '',
    'What a message of a refused or questionable resource means: [problems](problems.md); what is found across resources:',
    '[analysis](analysis.md).',
    '',
  ].join('\n');
}

function problems(): string {
  const rows = Object.entries(problemCodes).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`);
  return [
    generated,
    '# Problems',
    '',
    'What can be said of a resource, by the CLI, the API and conditions (there as reason: `UnknownSubset`).',
    '',
    '| code | what it means |',
    '|---|---|',
    ...rows,
    '',
  ].join('\n');
}

const apiVersions = (kind: ResourceKind): string[] =>
  kind.versions.map((version) => apiVersionOf(kind.group, version));

function page(kind: ResourceKind): string {
  const schema = renderSchema(kind.schema, 'openapi');
  const fields = ownFields(schema);
  const inert = new Map(
    [
      ...Object.entries(kind.notEnforced ?? {}).map(
        ([pattern, why]) => [pattern, `**No effect yet**: ${why}.`] as const,
      ),
      ...Object.entries(kind.inert ?? {}).map(
        ([pattern, why]) => [pattern, `**No effect**: ${why}.`] as const,
      ),
    ].map(([pattern, words]) => [pattern.replaceAll('.*', '{}'), words] as const),
  );
  const rows = fieldRows({ ...schema, properties: fields }, '', inert, new Map());
  const names = [kind.plural, kind.singular, ...kind.shortNames].map((name) => `\`${name}\``).join(', ');
  return [
    generated,
    `# ${kind.kind}`,
    '',
    kind.description,
    '',
    `- apiVersion: ${apiVersions(kind)
      .map((version) => `\`${version}\``)
      .join(', ')}${kind.versions.length > 1 ? ' (aliases of one schema; stored as the first)' : ''}`,
    `- scope: ${kind.namespaced ? 'namespace' : 'cluster'}${kind.readOnly === true ? '; written by the control plane' : ''}`,
    `- on the command line: ${names}`,
    '',
    '| field | type | what it says |',
    '|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

/** A row per field, depth first; an object that was described before is referred to. */
function fieldRows(
  schema: JsonSchema,
  path: string,
  inert: ReadonlyMap<string, string>,
  seen: Map<string, string>,
): string[] {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries((schema.properties as Record<string, JsonSchema> | undefined) ?? {}).flatMap(
    ([name, field]) => {
      const here = path === '' ? name : `${path}.${name}`;
      const { inner, suffix } = innermost(field);
      const nested = `${here}${suffix}`;
      const shape = inner.properties === undefined ? '' : JSON.stringify(inner.properties);
      const earlier = shape.length > 400 ? seen.get(shape) : undefined;
      if (shape !== '' && earlier === undefined) seen.set(shape, nested);
      const notes = [
        String(field.description ?? ''),
        earlier === undefined ? '' : `Fields as \`${earlier}\`.`,
        constraints(inner === field ? field : { ...field, ...inner }),
        inert.get(here) ?? '',
      ].filter((note) => note !== '');
      const row = `| \`${here}\`${required.has(name) ? ' *' : ''} | ${typeOf(field)} | ${cell(notes.join(' '))} |`;
      return earlier === undefined ? [row, ...fieldRows(inner, nested, inert, seen)] : [row];
    },
  );
}

/** What a list or map finally holds, and how that is written in a path. */
function innermost(field: JsonSchema): { inner: JsonSchema; suffix: string } {
  if (field.items !== undefined) {
    const { inner, suffix } = innermost(field.items as JsonSchema);
    return { inner, suffix: `[]${suffix}` };
  }
  if (typeof field.additionalProperties === 'object') {
    const { inner, suffix } = innermost(field.additionalProperties as JsonSchema);
    return { inner, suffix: `{}${suffix}` };
  }
  return { inner: field, suffix: '' };
}

function typeOf(field: JsonSchema): string {
  if (field['x-kubernetes-int-or-string'] === true) return 'integer or string';
  if (field.items !== undefined) return `list of ${typeOf(field.items as JsonSchema)}`;
  if (typeof field.additionalProperties === 'object')
    return `map of ${typeOf(field.additionalProperties as JsonSchema)}`;
  if (Array.isArray(field.enum)) return field.enum.map((value) => `\`${value}\``).join(' ');
  const rules = (field['x-kubernetes-validations'] as { rule: string }[] | undefined) ?? [];
  if (rules.some(({ rule }) => rule.startsWith('duration('))) return 'duration';
  return String(field.type ?? 'any');
}

function constraints(field: JsonSchema): string {
  const words: string[] = [];
  const { minimum, maximum, minItems, maxItems, maxLength } = field;
  if (minimum !== undefined && minimum !== 0) words.push(`At least ${minimum}.`);
  if (maximum !== undefined && maximum !== 4_294_967_295) words.push(`At most ${maximum}.`);
  if (minItems !== undefined) words.push(`At least ${minItems} ${minItems === 1 ? 'item' : 'items'}.`);
  if (maxItems !== undefined) words.push(`At most ${maxItems} items.`);
  if (maxLength !== undefined) words.push(`At most ${maxLength} characters.`);
  for (const group of oneOfGroups(field))
    words.push(`Only one of ${group.map((name) => `\`${name}\``).join(', ')}.`);
  return words.join(' ');
}

function oneOfGroups(field: JsonSchema): string[][] {
  const parts = [field, ...((field.allOf as JsonSchema[] | undefined) ?? [])].flatMap((part) =>
    part.oneOf === undefined ? [] : [part.oneOf as { required?: string[] }[]],
  );
  return parts.map((options) => options.flatMap(({ required = [] }) => required));
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
