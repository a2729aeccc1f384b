import { connect } from 'node:http2';

/**
 * The gRPC health protocol's Check over plain HTTP/2 (grpc.health.v1: request field 1 is the service, response
 * field 1 the status, 1 = SERVING).
 * @returns undefined when it serves, else why not
 */
export function probeGrpc(port: number, service: string, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const finish = (verdict: string | undefined): void => {
      clearTimeout(timer);
      session.destroy();
      resolve(verdict);
    };
    const timer = setTimeout(() => finish(`gRPC health: no answer within ${timeoutMs / 1000} s`), timeoutMs);
    session.on('error', (error) => finish(`gRPC health on port ${port}: ${error.message}`));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const parts: Buffer[] = [];
    let status: unknown;
    stream.on('response', (headers) => {
      status = headers['grpc-status'];
    });
    stream.on('trailers', (headers) => {
      status = headers['grpc-status'];
    });
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('error', (error) => finish(`gRPC health: ${error.message}`));
    stream.on('end', () => {
      const message = Buffer.concat(parts).subarray(5);
      const serving = message[0] === 0x08 && message[1] === 1;
      if (String(status) !== '0') finish(`gRPC health: status ${String(status)}`);
      else finish(serving ? undefined : 'gRPC health: not serving');
    });
    stream.end(frame(service));
  });
}

/** A length-prefixed message with one string field; names longer than 127 bytes don't exist here. */
function frame(service: string): Buffer {
  const name = Buffer.from(service).subarray(0, 127);
  const message =
    name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
