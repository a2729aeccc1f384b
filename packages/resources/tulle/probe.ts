import { z } from 'zod';
import { intOrString } from '../core/parts.ts';
import { message, options } from '../schema/message.ts';
import { port } from '../schema/number.ts';
import { checked, oneOf } from '../schema/rule.ts';

const seconds = (least: number) => z.int().min(least).max(86_400);

/** A question put to the application at intervals, as a Kubernetes container's probe. */
export const probe = checked(
  oneOf(
    options({
      httpGet: options({
        port: intOrString().describe(
          'Port of the application by number or name, as callers know it; its first one by default.',
        ),
        path: z.string().describe('Path of the request; / by default.'),
        host: z
          .string()
          .describe(
            'Host name to connect to and to put into the Host header; the loopback address by default.',
          ),
        scheme: z.enum(['HTTP', 'HTTPS']).describe('HTTP by default; a certificate is not verified.'),
        httpHeaders: z
          .array(
            message(
              {
                name: z.string().describe('Name of the header.'),
                value: z.string().describe('Its value.'),
              },
              {},
            ),
          )
          .describe('Headers of the request.'),
      }).describe('An HTTP GET; 200 to 399 is success.'),
      tcpSocket: options({
        port: intOrString().describe(
          'Port of the application by number or name, as callers know it; its first one by default.',
        ),
        host: z.string().describe('Host to connect to; the loopback address by default.'),
      }).describe('A TCP connection that opens.'),
      exec: message({ command: z.array(z.string()).min(1).describe('Program and arguments.') }, {}).describe(
        'A command that exits with 0.',
      ),
      grpc: message(
        { port: port().describe('Port of the application.') },
        { service: z.string().describe('Service name of the health request.') },
      ).describe('The gRPC health protocol.'),
      initialDelaySeconds: seconds(0).describe('Wait before the first probe; 0 by default.'),
      periodSeconds: seconds(1).describe('Time between probes; 10 by default.'),
      timeoutSeconds: seconds(1).describe('Time for an answer; 1 by default.'),
      successThreshold: z
        .int()
        .min(1)
        .max(1000)
        .describe('Successes in a row after a failure; 1 by default.'),
      failureThreshold: z.int().min(1).max(1000).describe('Failures in a row; 3 by default.'),
      terminationGracePeriodSeconds: seconds(1).describe(
        'Time to stop after a failed liveness or startup probe.',
      ),
    }),
    'httpGet',
    'tcpSocket',
    'exec',
    'grpc',
  ),
  'required',
  (value) =>
    value.httpGet !== undefined ||
    value.tcpSocket !== undefined ||
    value.exec !== undefined ||
    value.grpc !== undefined,
  () => 'must say what to ask: httpGet, tcpSocket, exec or grpc',
);
export type Probe = z.infer<typeof probe>;
