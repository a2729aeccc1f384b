import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  type DirectResponseActionSchema,
  RedirectAction_RedirectResponseCode,
  type RedirectActionSchema,
} from '@tulle/xds/gen/envoy/config/route/v3/route_components_pb.js';
import type { HttpRedirect, HttpRouteSpec } from '../../model/istio.ts';

const codes: Readonly<Record<number, RedirectAction_RedirectResponseCode>> = {
  301: RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
  302: RedirectAction_RedirectResponseCode.FOUND,
  303: RedirectAction_RedirectResponseCode.SEE_OTHER,
  307: RedirectAction_RedirectResponseCode.TEMPORARY_REDIRECT,
  308: RedirectAction_RedirectResponseCode.PERMANENT_REDIRECT,
};

/** @param port the port that the client called, for `derivePort: FROM_REQUEST_PORT`. */
export function redirect(
  spec: HttpRedirect,
  port: number,
  tls: boolean,
): MessageInitShape<typeof RedirectActionSchema> {
  const scheme = spec.scheme || (tls ? 'https' : 'http');
  const named = spec.derivePort === 'FROM_REQUEST_PORT' ? port : (spec.port ?? 0);
  const isDefault = (named === 80 && scheme === 'http') || (named === 443 && scheme === 'https');
  return {
    hostRedirect: spec.authority ?? '',
    portRedirect: isDefault ? 0 : named,
    responseCode: codes[spec.redirectCode || 301] ?? RedirectAction_RedirectResponseCode.MOVED_PERMANENTLY,
    ...(spec.scheme && { schemeRewriteSpecifier: { case: 'schemeRedirect' as const, value: spec.scheme } }),
    ...(spec.prefixRewrite
      ? { pathRewriteSpecifier: { case: 'prefixRewrite' as const, value: spec.prefixRewrite } }
      : spec.uri && { pathRewriteSpecifier: { case: 'pathRedirect' as const, value: spec.uri } }),
  };
}

export function directResponse(
  spec: NonNullable<HttpRouteSpec['directResponse']>,
): MessageInitShape<typeof DirectResponseActionSchema> {
  const { string, bytes } = spec.body ?? {};
  if (string !== undefined)
    return { status: spec.status, body: { specifier: { case: 'inlineString', value: string } } };
  if (bytes === undefined) return { status: spec.status };
  const value = Uint8Array.from(atob(bytes), (char) => char.charCodeAt(0));
  return { status: spec.status, body: { specifier: { case: 'inlineBytes', value } } };
}
