/**
 * The fields of the Istio kinds that model and compile read, in the shape of their YAML. The schemas of
 * `@tulle/resources` have already refused whatever is not of this shape; `istio.test.ts` holds both together.
 */
export type * from './istio/common.ts';
export type * from './istio/destination-rule.ts';
export type * from './istio/gateway.ts';
export type * from './istio/peer-authentication.ts';
export type * from './istio/service-entry.ts';
export type * from './istio/sidecar.ts';
export type * from './istio/virtual-service.ts';
