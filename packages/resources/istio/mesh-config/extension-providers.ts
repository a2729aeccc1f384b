import { z } from 'zod';
import { durationOrZero } from '../../schema/duration.ts';
import { mapOf, message, options } from '../../schema/message.ts';
import { port, uint32 } from '../../schema/number.ts';
import { oneOf } from '../../schema/rule.ts';

/** A provider that is a service of the mesh; what else its kind has is kept for when it has an effect. */
const service = <O extends Readonly<Record<string, z.ZodType>>>(more: O) =>
  message(
    {
      service: z.string().describe('Host of the service, with `namespace/` before it where it has several.'),
      port: port().describe('Its port.'),
    },
    more,
  );

const maxTagLength = uint32().describe('Longest path that is reported.');
const logName = z.string().describe('Name of the log.');
const names = (about: string) => z.array(z.string()).describe(about);

const requestBody = options({
  maxRequestBytes: uint32().describe('Longest body that is kept.'),
  allowPartialMessage: z.boolean().describe('Longer bodies are cut.'),
  packAsBytes: z.boolean().describe('As bytes instead of text.'),
});
const authorization = {
  timeout: durationOrZero().describe('Time for an answer.'),
  failOpen: z.boolean().describe('Requests pass when there is no answer.'),
  statusOnError: z.string().describe('Status when there is no answer; 403 by default.'),
  clearRouteCache: z.boolean().describe('The route is chosen again.'),
  includeRequestBodyInCheck: requestBody.describe('The body is shown, too.'),
};

const labels = z.record(z.string(), z.unknown()).describe('Names and templates; may be nested.');
const logFormat = oneOf(
  options({ text: z.string().describe('Template of a line.'), labels }),
  'text',
  'labels',
);

const providers = {
  envoyFileAccessLog: options({
    path: z.string().describe('File; /dev/stdout (the proxy’s log) by default.'),
    logFormat: logFormat.describe('Istio’s line when absent.'),
    omitEmptyValues: z.boolean().describe('Fields without a value are left out.'),
  }).describe('An access log in a file.'),
  envoyExtAuthzHttp: service({
    ...authorization,
    pathPrefix: z.string().describe('Stands before the path of checks.'),
    headersToUpstreamOnAllow: names('Headers of the answer for the service.'),
    headersToDownstreamOnDeny: names('Headers of the answer for the client.'),
    headersToDownstreamOnAllow: names('Headers of the answer for the client.'),
    includeRequestHeadersInCheck: names('Headers of the request that are shown.'),
    includeHeadersInCheck: names('Deprecated: use includeRequestHeadersInCheck.'),
    includeAdditionalHeadersInCheck: mapOf(z.string()).describe('Headers that are added.'),
  }).describe('Authorization by a service, over HTTP.'),
  envoyExtAuthzGrpc: service(authorization).describe('Authorization by a service, over gRPC.'),
  zipkin: service({
    maxTagLength,
    enable64bitTraceId: z.boolean().describe('Short trace ids.'),
    path: z.string().describe('Path of the API.'),
    timeout: durationOrZero().describe('Time for an answer.'),
    traceContextOption: z.string().describe('Which headers carry the trace.'),
    headers: z.array(z.record(z.string(), z.unknown())).describe('Headers that are added.'),
  }).describe('Tracing.'),
  lightstep: service({ maxTagLength, accessToken: z.string().describe('Token.') }).describe('Tracing.'),
  datadog: service({ maxTagLength }).describe('Tracing.'),
  skywalking: service({ accessToken: z.string().describe('Token.') }).describe('Tracing.'),
  opencensus: service({ maxTagLength, context: names('Which headers carry the trace.') }).describe(
    'Tracing.',
  ),
  opentelemetry: service({
    maxTagLength,
    http: z.record(z.string(), z.unknown()).describe('OTLP over HTTP.'),
    grpc: z.record(z.string(), z.unknown()).describe('OTLP over gRPC.'),
    resourceDetectors: z.record(z.string(), z.unknown()).describe('What a trace says of its origin.'),
    dynatraceSampler: z.record(z.string(), z.unknown()).describe('Sampling.'),
  }).describe('Tracing.'),
  stackdriver: z.record(z.string(), z.unknown()).describe('Tracing and logs.'),
  prometheus: options({}).describe('Metrics.'),
  envoyHttpAls: service({
    logName,
    filterStateObjectsToLog: names('What is logged besides.'),
    additionalRequestHeadersToLog: names('What is logged besides.'),
    additionalResponseHeadersToLog: names('What is logged besides.'),
    additionalResponseTrailersToLog: names('What is logged besides.'),
  }).describe('Access logs of HTTP by gRPC.'),
  envoyTcpAls: service({ logName, filterStateObjectsToLog: names('What is logged besides.') }).describe(
    'Access logs of TCP by gRPC.',
  ),
  envoyOtelAls: service({
    logName,
    logFormat: options({ text: z.string().describe('Template of a line.'), labels }).describe('The entry.'),
  }).describe('Access logs as OpenTelemetry.'),
  sds: message(
    { name: z.string().describe('Name of the certificate provider.') },
    { service: z.string().describe('Host of the service.'), port: port().describe('Its port.') },
  ).describe('Certificates.'),
};

/** MeshConfig.extensionProviders. */
export const extensionProvider = oneOf(
  message({ name: z.string().describe('By which policies refer to it.') }, providers),
  ...Object.keys(providers),
);
export type ExtensionProvider = z.infer<typeof extensionProvider>;

/** Providers that nothing uses yet. */
export const unusedProviders = Object.keys(providers).filter((name) => name !== 'envoyFileAccessLog');
