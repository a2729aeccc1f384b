import { Field, FieldName } from './field.ts';

/** RFC 7541 appendix A, from index 1; `name=value`, or a name with an empty value. */
const entries = [
  ':authority',
  ':method=GET',
  ':method=POST',
  ':path=/',
  ':path=/index.html',
  ':scheme=http',
  ':scheme=https',
  ':status=200',
  ':status=204',
  ':status=206',
  ':status=304',
  ':status=400',
  ':status=404',
  ':status=500',
  'accept-charset',
  'accept-encoding=gzip, deflate',
  'accept-language',
  'accept-ranges',
  'accept',
  'access-control-allow-origin',
  'age',
  'allow',
  'authorization',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'cookie',
  'date',
  'etag',
  'expect',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
  'max-forwards',
  'proxy-authenticate',
  'proxy-authorization',
  'range',
  'referer',
  'refresh',
  'retry-after',
  'server',
  'set-cookie',
  'strict-transport-security',
  'transfer-encoding',
  'user-agent',
  'vary',
  'via',
  'www-authenticate',
];

/** By index; there is no index 0. */
export const staticTable: readonly (Field | undefined)[] = buildTable();

/** The dynamic table's first index. */
export const firstDynamicIndex = entries.length + 1;

export interface StaticName {
  readonly index: number;
  readonly values: ReadonlyMap<string, number>;
}

/** Name ⇒ its first index, and the indexes of its values. */
export const staticNames: ReadonlyMap<string, StaticName> = buildNames();

function buildTable(): readonly (Field | undefined)[] {
  const names = new Map<string, FieldName>();
  const table: (Field | undefined)[] = [undefined];
  for (const entry of entries) {
    const [text = '', value = ''] = entry.split('=');
    const name = names.get(text) ?? new FieldName(text);
    names.set(text, name);
    table.push(new Field(name, value, true));
  }
  return table;
}

function buildNames(): ReadonlyMap<string, StaticName> {
  const names = new Map<string, { index: number; values: Map<string, number> }>();
  staticTable.forEach((field, index) => {
    if (field === undefined) return;
    let name = names.get(field.name.text);
    if (name === undefined) {
      name = { index, values: new Map() };
      names.set(field.name.text, name);
    }
    if (field.value !== '') name.values.set(field.value, index);
  });
  return names;
}
