import type { FilterKind } from '../filter-kind.ts';

/** The terminal filter: always last. What it does is in `data-plane/router`. */
export const routerFilter: FilterKind = {
  typeUrl: 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router',
};
