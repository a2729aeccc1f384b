import { z } from 'zod';
import { duration } from '../../schema/duration.ts';
import { message, nullable, options } from '../../schema/message.ts';
import { int32, percentValue, portOrZero, uint32 } from '../../schema/number.ts';
import { oneOf } from '../../schema/rule.ts';
import { regex, stringMatch } from '../string-match.ts';
import { destination, headers, httpRouteDestination } from './destination.ts';
import { httpMatch } from './match.ts';

const percent = () => options({ value: percentValue().describe('0 to 100, with fractions.') });

const redirect = oneOf(
  options({
    uri: z.string().describe('The path of the new location.'),
    authority: z.string().describe('The authority of the new location.'),
    port: portOrZero().describe('The port of the new location.'),
    derivePort: z
      .enum(['FROM_PROTOCOL_DEFAULT', 'FROM_REQUEST_PORT'])
      .describe('Where the port of the new location comes from.'),
    scheme: z.string().describe('The scheme of the new location.'),
    redirectCode: uint32().describe('301 (default), 302, 303, 307 or 308.'),
    prefixRewrite: z.string().describe('Replaces the matched prefix of the path.'),
  }),
  'port',
  'derivePort',
);
export type HttpRedirect = z.infer<typeof redirect>;

const directResponse = message(
  { status: uint32().describe('HTTP status of the response.') },
  {
    body: oneOf(
      options({
        string: z.string().describe('As text.'),
        bytes: z.string().meta({ format: 'byte' }).describe('In base64.'),
      }),
      'string',
      'bytes',
    ).describe('Body of the response.'),
  },
);

const rewrite = options({
  uri: z.string().describe('Replaces the path, or the prefix that matched.'),
  authority: z.string().describe('Replaces the authority.'),
  uriRegexRewrite: options({
    match: regex().describe('RE2 expression for the parts to replace.'),
    rewrite: z.string().describe('What they are replaced by; `\\1` stands for the first group.'),
  }).describe('Replaces parts of the path.'),
});
export type HttpRewrite = z.infer<typeof rewrite>;

export const retries = options({
  attempts: int32().describe('Retries after the first attempt; 0 turns them off.'),
  perTryTimeout: duration().describe('Time for each attempt; the route’s timeout by default.'),
  retryOn: z.string().describe('What is retried: Envoy’s conditions and status codes, separated by commas.'),
  retryRemoteLocalities: nullable(z.boolean()).describe('Retries may go to other localities.'),
  retryIgnorePreviousHosts: nullable(z.boolean()).describe(
    'Retries avoid hosts that were tried; true by default.',
  ),
  backoff: duration().describe('Shortest wait between attempts; 25ms by default.'),
});
export type HttpRetry = z.infer<typeof retries>;

const fault = options({
  delay: oneOf(
    options({
      percent: int32().describe('Deprecated: percentage as an integer.'),
      fixedDelay: duration().describe('How long requests wait.'),
      exponentialDelay: duration().describe('Not used by Istio.'),
      percentage: percent().describe('Share of requests that wait.'),
    }),
    'fixedDelay',
    'exponentialDelay',
  ).describe('Lets requests wait.'),
  abort: oneOf(
    options({
      httpStatus: int32().describe('Status to answer with.'),
      grpcStatus: z.string().describe('gRPC status to answer with.'),
      http2Error: z.string().describe('Not used by Istio.'),
      percentage: percent().describe('Share of requests that are answered.'),
    }),
    'httpStatus',
    'grpcStatus',
    'http2Error',
  ).describe('Answers requests with an error.'),
});
export type HttpFaultInjection = z.infer<typeof fault>;

const cors = options({
  allowOrigin: z.array(z.string()).describe('Deprecated: origins, exact.'),
  allowOrigins: z.array(stringMatch()).describe('Origins that may call.'),
  allowMethods: z.array(z.string()).describe('Methods that may be used.'),
  allowHeaders: z.array(z.string()).describe('Request headers that may be sent.'),
  exposeHeaders: z.array(z.string()).describe('Response headers that may be read.'),
  maxAge: duration().describe('How long a preflight’s answer may be kept.'),
  allowCredentials: nullable(z.boolean()).describe('Credentials may be sent.'),
  unmatchedPreflights: z
    .enum(['UNSPECIFIED', 'FORWARD', 'IGNORE'])
    .describe('What happens to a preflight of another origin.'),
});
export type CorsPolicy = z.infer<typeof cors>;

const mirror = message(
  { destination: destination().describe('Where the copy goes.') },
  { percentage: percent().describe('Share of requests that are copied; all by default.') },
);

/** HTTPRoute: the first one of which a match holds (or that has none) decides. */
export const httpRoute = options({
  name: z.string().describe('A name for logs and metrics.'),
  match: z.array(httpMatch).describe('Any of these must hold; always when absent.'),
  route: z.array(httpRouteDestination()).describe('Where the requests go.'),
  redirect: redirect.describe('Answers with a redirect instead.'),
  directResponse: directResponse.describe('Answers with a fixed response instead.'),
  delegate: options({
    name: z.string().describe('Name of the VirtualService.'),
    namespace: z.string().describe('Its namespace; the same by default.'),
  }).describe('Another VirtualService (without hosts) that says more.'),
  rewrite: rewrite.describe('Changes path and authority before forwarding.'),
  timeout: duration().describe('Time for the whole request; none by default.'),
  retries: retries.describe('How failed requests are tried again; 2 attempts by default.'),
  fault: fault.describe('Injects faults.'),
  mirror: destination().describe('Where copies of the requests go; their responses are thrown away.'),
  mirrors: z.array(mirror).describe('Several mirrors.'),
  mirrorPercent: nullable(uint32()).describe('Deprecated: share of requests that are copied.'),
  mirror_percent: nullable(uint32()).describe('Deprecated: share of requests that are copied.'),
  mirrorPercentage: percent().describe('Share of requests that are copied; all by default.'),
  corsPolicy: cors.describe('Cross-origin requests.'),
  headers: headers().describe('Changes to headers.'),
});
export type HttpRoute = z.infer<typeof httpRoute>;
