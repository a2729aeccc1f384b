import { z } from 'zod';
import { mapOf, message, options } from '../../schema/message.ts';
import { int32, portOrZero } from '../../schema/number.ts';
import { checked } from '../../schema/rule.ts';

export const destination = () =>
  message(
    {
      host: z
        .string()
        .describe('The service: a short name (in the namespace of this resource) or a full one.'),
    },
    {
      subset: z.string().describe('A subset that a DestinationRule of the host names.'),
      port: options({ number: portOrZero().describe('Port number.') }).describe(
        'The port; needed when the service has several.',
      ),
    },
  );
export type Destination = z.infer<ReturnType<typeof destination>>;

const headerOperations = () =>
  options({
    set: mapOf(z.string()).describe('Headers to overwrite.'),
    add: mapOf(z.string()).describe('Headers to append.'),
    remove: z.array(z.string()).describe('Headers to remove.'),
  });
export type HeaderOperations = z.infer<ReturnType<typeof headerOperations>>;

export const headers = () =>
  options({
    request: headerOperations().describe('What happens to request headers.'),
    response: headerOperations().describe('What happens to response headers.'),
  });
export type HeadersPolicy = z.infer<ReturnType<typeof headers>>;

const weight = () =>
  checked(
    int32(),
    'out-of-range',
    (value) => value >= 0,
    (value) => `must be ≥ 0, not ${value}`,
  ).describe(
    'Share of the traffic: its proportion of the sum of the route’s weights. May be left out for a single destination.',
  );

/** RouteDestination: TCP and TLS. */
export const routeDestination = () =>
  message({ destination: destination().describe('Where the traffic goes.') }, { weight: weight() });
export type RouteDestination = z.infer<ReturnType<typeof routeDestination>>;

/** HTTPRouteDestination. */
export const httpRouteDestination = () =>
  message(
    { destination: destination().describe('Where the requests go.') },
    { weight: weight(), headers: headers().describe('Changes to headers for this destination only.') },
  );
