/** The filter that verifies tokens; its metadata has their claims. */
export const jwtFilterName = 'envoy.filters.http.jwt_authn';

/** Under which key of that metadata: Istio's. */
export const payloadKey = 'payload';
