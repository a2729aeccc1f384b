import { error, type Finding, warning } from '../../finding.ts';
import { nearestName } from '../../nearest.ts';
import type { FieldPath } from '../../path.ts';
import { isDnsLabel } from '../../schema/name.ts';
import { substitutionProblem } from '../../schema/regex.ts';
import { claimOfHeader } from '../claim-path.ts';
import { checkDestination, checkHeaders, isHeaderName } from './check-destination.ts';
import { checkWeights } from './check-weights.ts';
import { grpcStatusCodes } from './grpc-status.ts';
import type {
  CorsPolicy,
  HttpFaultInjection,
  HttpRedirect,
  HttpRetry,
  HttpRewrite,
  HttpRoute,
} from './http-route.ts';
import type { HttpMatch } from './match.ts';

export function checkHttpRoute(route: HttpRoute, path: FieldPath, inDelegate: boolean): Finding[] {
  const found = [...checkAction(route, path, inDelegate), ...checkHeaders(route.headers, path)];
  const delegating = inDelegate || route.delegate !== undefined;
  for (const [index, match] of (route.match ?? []).entries()) {
    found.push(...checkMatch(match, [...path, 'match', index], delegating));
  }
  for (const [index, { destination, headers }] of (route.route ?? []).entries()) {
    found.push(
      ...checkDestination(destination, [...path, 'route', index, 'destination']),
      ...checkHeaders(headers, [...path, 'route', index]),
    );
  }
  found.push(...checkWeights(route.route ?? [], [...path, 'route']));
  found.push(...checkAuthority(route, path));
  if (route.redirect !== undefined) found.push(...checkRedirect(route.redirect, [...path, 'redirect']));
  if (route.rewrite !== undefined) found.push(...checkRewrite(route.rewrite, [...path, 'rewrite']));
  if (route.retries !== undefined) found.push(...checkRetries(route.retries, [...path, 'retries']));
  if (route.fault !== undefined) found.push(...checkFault(route.fault, [...path, 'fault']));
  if (route.corsPolicy !== undefined) found.push(...checkCors(route.corsPolicy, [...path, 'corsPolicy']));
  if (route.directResponse !== undefined)
    found.push(...checkStatus(route.directResponse.status, [...path, 'directResponse', 'status']));
  return [...found, ...checkMirrors(route, path)];
}

/** Exactly one of route, redirect, directResponse and delegate, and nothing beside it that contradicts it. */
function checkAction(route: HttpRoute, path: FieldPath, inDelegate: boolean): Finding[] {
  const actions = (['route', 'redirect', 'directResponse', 'delegate'] as const).filter(
    (name) => route[name] !== undefined,
  );
  const [first, second] = actions;
  if (first === undefined)
    return [error('required', path, 'must say what happens: route, redirect, directResponse or delegate')];
  if (second !== undefined)
    return [
      error(
        'conflict',
        [...path, second],
        `conflicts with ${first}: a route has only one of route, redirect, directResponse, delegate`,
      ),
    ];
  if (route.route?.length === 0)
    return [error('required', [...path, 'route'], 'must have at least one destination')];
  if (route.delegate !== undefined && inDelegate)
    return [
      error(
        'conflict',
        [...path, 'delegate'],
        'is not allowed in a delegate (a VirtualService without hosts)',
      ),
    ];
  if (route.delegate !== undefined && !route.delegate.name)
    return [error('required', [...path, 'delegate', 'name'], 'is required (string)')];
  const beside =
    first === 'redirect' || first === 'directResponse'
      ? (['fault', 'rewrite'] as const).find((name) => route[name] !== undefined)
      : undefined;
  return beside === undefined ? [] : [error('conflict', [...path, beside], `has no meaning beside ${first}`)];
}

/** What upstreams see as Host is said once (Istio). */
function checkAuthority({ rewrite, headers }: HttpRoute, path: FieldPath): Finding[] {
  const said = (['set', 'add'] as const).flatMap((verb) =>
    Object.keys(headers?.request?.[verb] ?? {})
      .filter((name) => /^(:authority|host)$/i.test(name))
      .map((name): FieldPath => [...path, 'headers', 'request', verb, name]),
  );
  const before = rewrite?.authority ? 'rewrite.authority' : said[0]?.slice(path.length).join('.');
  return said
    .slice(rewrite?.authority ? 0 : 1)
    .map((at) => error('conflict', at, `conflicts with ${before}: set the authority once`));
}

function checkMatch(match: HttpMatch, path: FieldPath, delegating: boolean): Finding[] {
  const found: Finding[] = [];
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const)
    for (const way of ['prefix', 'regex'] as const)
      if (match[field]?.[way] === '')
        found.push(error('required', [...path, field, way], 'must not be empty'));
  for (const field of ['headers', 'withoutHeaders'] as const) {
    for (const name of Object.keys(match[field] ?? {})) {
      // `@request.auth.claims…` matches a claim of the verified token (Istio).
      if (
        !isHeaderName(name) &&
        claimOfHeader(name) === undefined &&
        !/^:(method|authority|path|scheme)$/.test(name)
      ) {
        found.push({
          ...error(
            'bad-header',
            [...path, field, name],
            `must be a header name, not ${JSON.stringify(name)}`,
          ),
          atKey: true,
        });
      }
    }
  }
  if (
    match.sourceNamespace !== undefined &&
    match.sourceNamespace !== '' &&
    !isDnsLabel(match.sourceNamespace)
  ) {
    found.push(
      error(
        'bad-name',
        [...path, 'sourceNamespace'],
        `must be a namespace, not ${JSON.stringify(match.sourceNamespace)}`,
      ),
    );
  }
  if (!delegating) return found;
  for (const field of ['uri', 'scheme', 'method', 'authority'] as const) {
    if (match[field]?.regex !== undefined)
      found.push(
        error(
          'conflict',
          [...path, field, 'regex'],
          'is not possible together with delegation; use exact or prefix',
        ),
      );
  }
  return found;
}

function checkRedirect(redirect: HttpRedirect, path: FieldPath): Finding[] {
  const { uri, authority, port, derivePort, scheme, prefixRewrite, redirectCode } = redirect;
  if (
    [uri, authority, port, derivePort, scheme, prefixRewrite].every(
      (value) => value === undefined || value === '',
    )
  ) {
    return [
      error('required', path, 'must say where to: uri, authority, port, derivePort, scheme or prefixRewrite'),
    ];
  }
  if (uri !== undefined && prefixRewrite !== undefined)
    return [error('conflict', [...path, 'prefixRewrite'], 'conflicts with uri: set only one of both')];
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    return [
      error('wrong-value', [...path, 'scheme'], `must be one of http, https, not ${JSON.stringify(scheme)}`),
    ];
  if (redirectCode === undefined || redirectCode === 0 || [301, 302, 303, 307, 308].includes(redirectCode))
    return [];
  return [
    error(
      'wrong-value',
      [...path, 'redirectCode'],
      `must be one of 301, 302, 303, 307, 308, not ${redirectCode}`,
    ),
  ];
}

function checkRewrite({ uri, authority, uriRegexRewrite }: HttpRewrite, path: FieldPath): Finding[] {
  if (uri === undefined && authority === undefined && uriRegexRewrite === undefined)
    return [error('required', path, 'must have uri, uriRegexRewrite or authority')];
  if (uriRegexRewrite === undefined) return [];
  if (uri !== undefined && uri !== '')
    return [error('conflict', [...path, 'uriRegexRewrite'], 'conflicts with uri: set only one of both')];
  if (!uriRegexRewrite.match)
    return [error('required', [...path, 'uriRegexRewrite', 'match'], 'is required (string)')];
  if (!uriRegexRewrite.rewrite)
    return [error('required', [...path, 'uriRegexRewrite', 'rewrite'], 'is required (string)')];
  const problem = substitutionProblem(uriRegexRewrite.match, uriRegexRewrite.rewrite);
  return problem === undefined ? [] : [error('bad-regex', [...path, 'uriRegexRewrite', 'rewrite'], problem)];
}

/** Envoy's x-envoy-retry-on and x-envoy-retry-grpc-on. */
const retryConditions = [
  '5xx',
  'gateway-error',
  'reset',
  'reset-before-request',
  'connect-failure',
  'envoy-ratelimited',
  'retriable-4xx',
  'refused-stream',
  'retriable-status-codes',
  'retriable-headers',
  'http3-post-connect-failure',
  'cancelled',
  'deadline-exceeded',
  'internal',
  'resource-exhausted',
  'unavailable',
];

function checkRetries(retries: HttpRetry, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  const { attempts, retryOn } = retries;
  if (attempts !== undefined && attempts < 0)
    found.push(error('out-of-range', [...path, 'attempts'], `must be ≥ 0, not ${attempts}`));
  const pointless = (['perTryTimeout', 'retryOn', 'backoff'] as const).find(
    (field) => retries[field] !== undefined,
  );
  if (attempts === 0 && pointless !== undefined)
    found.push(error('conflict', [...path, pointless], 'has no meaning with attempts: 0'));
  for (const condition of (retryOn ?? '').split(',').map((part) => part.trim())) {
    if (condition === '' || retryConditions.includes(condition) || /^[1-5]\d\d$/.test(condition)) continue;
    const near = nearestName(condition, retryConditions);
    const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
    found.push(
      error(
        'wrong-value',
        [...path, 'retryOn'],
        `must be Envoy’s retry conditions or status codes, separated by commas; ${JSON.stringify(condition)} is neither${hint}`,
      ),
    );
  }
  return found;
}

function badGrpcStatus(status: string, path: FieldPath): Finding {
  const near = nearestName(status.toUpperCase(), Object.keys(grpcStatusCodes));
  const hint = near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
  return error(
    'wrong-value',
    path,
    `must be the name of a gRPC status such as "UNAVAILABLE", not ${JSON.stringify(status)}${hint}`,
  );
}

function checkFault({ abort, delay }: HttpFaultInjection, path: FieldPath): Finding[] {
  if (abort === undefined && delay === undefined)
    return [error('required', path, 'must have delay or abort')];
  const found: Finding[] = [];
  if (abort !== undefined) {
    if (abort.http2Error !== undefined)
      found.push(
        error(
          'wrong-value',
          [...path, 'abort', 'http2Error'],
          'is not supported by Istio either; use httpStatus or grpcStatus',
        ),
      );
    else if (abort.httpStatus === undefined && abort.grpcStatus === undefined)
      found.push(warning('no-effect', [...path, 'abort'], 'has no effect without httpStatus or grpcStatus'));
    if (abort.httpStatus !== undefined)
      found.push(...checkStatus(abort.httpStatus, [...path, 'abort', 'httpStatus']));
    if (abort.grpcStatus !== undefined && !Object.hasOwn(grpcStatusCodes, abort.grpcStatus))
      found.push(badGrpcStatus(abort.grpcStatus, [...path, 'abort', 'grpcStatus']));
  }
  if (delay !== undefined) {
    if (delay.exponentialDelay !== undefined)
      found.push(
        error(
          'wrong-value',
          [...path, 'delay', 'exponentialDelay'],
          'is not supported by Istio either; use fixedDelay',
        ),
      );
    else if (delay.fixedDelay === undefined)
      found.push(warning('no-effect', [...path, 'delay'], 'has no effect without fixedDelay'));
    if (delay.percent !== undefined)
      found.push(warning('deprecated', [...path, 'delay', 'percent'], 'is deprecated; use percentage'));
    if (delay.percent !== undefined && (delay.percent < 0 || delay.percent > 100))
      found.push(
        error(
          'out-of-range',
          [...path, 'delay', 'percent'],
          `must be between 0 and 100, not ${delay.percent}`,
        ),
      );
  }
  return found;
}

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', '*'];

function checkCors(
  { allowOrigin, allowMethods = [], allowHeaders = [], exposeHeaders = [] }: CorsPolicy,
  path: FieldPath,
): Finding[] {
  return [
    ...(allowOrigin === undefined
      ? []
      : [warning('deprecated', [...path, 'allowOrigin'], 'is deprecated; use allowOrigins')]),
    ...allowMethods.flatMap((method, index) =>
      methods.includes(method)
        ? []
        : [
            error(
              'wrong-value',
              [...path, 'allowMethods', index],
              `must be one of ${methods.join(', ')}, not ${JSON.stringify(method)}`,
            ),
          ],
    ),
    ...Object.entries({ allowHeaders, exposeHeaders }).flatMap(([field, names]) =>
      names.flatMap((name, index) =>
        name === '*' || isHeaderName(name)
          ? []
          : [
              error(
                'bad-header',
                [...path, field, index],
                `must be a header name, not ${JSON.stringify(name)}`,
              ),
            ],
      ),
    ),
  ];
}

function checkStatus(status: number, path: FieldPath): Finding[] {
  return status >= 200 && status <= 599
    ? []
    : [error('out-of-range', path, `must be an HTTP status between 200 and 599, not ${status}`)];
}

function checkMirrors(route: HttpRoute, path: FieldPath): Finding[] {
  const found: Finding[] = [];
  const { mirror, mirrors = [] } = route;
  if (mirror !== undefined && mirrors.length > 0)
    found.push(error('conflict', [...path, 'mirrors'], 'conflicts with mirror: set only one of both'));
  if (mirror !== undefined) found.push(...checkDestination(mirror, [...path, 'mirror']));
  for (const [index, { destination }] of mirrors.entries())
    found.push(...checkDestination(destination, [...path, 'mirrors', index, 'destination']));
  for (const field of ['mirrorPercent', 'mirror_percent'] as const) {
    const percent = route[field];
    if (percent === undefined || percent === null) continue;
    if (percent > 100)
      found.push(error('out-of-range', [...path, field], `must be between 0 and 100, not ${percent}`));
    found.push(warning('deprecated', [...path, field], 'is deprecated; use mirrorPercentage'));
  }
  return found;
}
