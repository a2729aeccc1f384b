import { notAcceptable } from '../status-error.ts';

/** The shape in which objects are answered. */
export type Shape = 'Object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList';

export interface MediaType {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The clauses of an Accept header, best first; one `*` when there is no header. */
export function parseAccept(header: string | undefined): MediaType[] {
  const clauses = (header ?? '').split(',').flatMap((clause, order) => {
    const [type = '', ...parameters] = clause.split(';').map((part) => part.trim());
    if (type === '') return [];
    const pairs = parameters.map((parameter) => {
      const at = parameter.indexOf('=');
      return at < 0 ? [parameter, ''] : [parameter.slice(0, at).toLowerCase(), parameter.slice(at + 1)];
    });
    const known = Object.fromEntries(pairs) as Record<string, string>;
    const quality = Number(known.q ?? 1);
    return [
      { type: type.toLowerCase(), parameters: known, quality: Number.isNaN(quality) ? 0 : quality, order },
    ];
  });
  if (clauses.length === 0) return [{ type: '*/*', parameters: {} }];
  return clauses
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.order - b.order);
}

const isJson = ({ type }: MediaType): boolean =>
  type === 'application/json' || type === 'application/*' || type === '*/*';

/** The first shape asked for that we have. @throws ApiError 406 */
export function negotiateShape(header: string | undefined, list: boolean): Shape {
  for (const clause of parseAccept(header).filter(isJson)) {
    const { as, g, v } = clause.parameters;
    if (as === undefined) return 'Object';
    if (g !== 'meta.k8s.io' || v !== 'v1') continue;
    if (as === 'Table') return as;
    if (as === 'PartialObjectMetadata' && !list) return as;
    if (as === 'PartialObjectMetadataList' && list) return as;
  }
  throw notAcceptable(['application/json']);
}

/** Which version of aggregated discovery is asked for; undefined: the legacy documents. @throws ApiError 406 */
export function negotiateDiscovery(header: string | undefined): 'v2' | undefined {
  for (const { parameters } of parseAccept(header).filter(isJson)) {
    if (parameters.as === undefined) return undefined;
    const wanted = parameters.as === 'APIGroupDiscoveryList' && parameters.g === 'apidiscovery.k8s.io';
    if (wanted && parameters.v === 'v2') return 'v2';
  }
  throw notAcceptable(['application/json']);
}

/** @throws ApiError 406 */
export function assertJson(header: string | undefined): void {
  if (!parseAccept(header).some(isJson)) throw notAcceptable(['application/json']);
}
