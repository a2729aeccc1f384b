import {
  Client,
  credentials,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';

const asIs = (bytes: Buffer): Buffer => bytes;

function method(
  name: string,
  requestStream: boolean,
  responseStream: boolean,
): MethodDefinition<Buffer, Buffer> {
  return {
    path: `/test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

/** One method of each kind, messages as bytes. */
export const echoService = {
  unary: method('Unary', false, false),
  clientStream: method('ClientStream', true, false),
  serverStream: method('ServerStream', false, true),
  bidi: method('Bidi', true, true),
};

export interface GrpcBackend {
  readonly port: number;
  /** Calls that have no answer and that nobody has given up. */
  hanging(): number;
  close(): void;
}

/**
 * A real gRPC server. Unary calls echo, with trailers; `fail` fails at once (trailers only), `hang` never answers.
 * Streams add up, count down from what they are asked, and echo each message.
 *
 * @param port 0: any free one
 */
export async function grpcBackend(port = 0): Promise<GrpcBackend> {
  let hanging = 0;
  const server = new Server();
  server.addService(echoService, {
    unary(call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      const text = call.request.toString();
      if (text === 'hang') {
        hanging++;
        call.on('cancelled', () => hanging--);
        return;
      }
      if (text === 'fail') {
        done({ code: status.NOT_FOUND, details: 'there is none: ü %' });
        return;
      }
      const trailer = call.metadata.clone();
      done(null, call.request, trailer);
    },
    clientStream(call: ServerReadableStream<Buffer, Buffer>, done: sendUnaryData<Buffer>) {
      let length = 0;
      call.on('data', (message: Buffer) => {
        length += message.length;
      });
      call.on('end', () => done(null, Buffer.from(String(length))));
    },
    serverStream(call: ServerWritableStream<Buffer, Buffer>) {
      for (let left = Number(call.request); left > 0; left--) call.write(Buffer.from(String(left)));
      call.end();
    },
    bidi(call: ServerDuplexStream<Buffer, Buffer>) {
      call.on('data', (message: Buffer) => call.write(message));
      call.on('end', () => call.end());
      call.on('error', () => {});
    },
  });
  const bound = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, at) =>
      error === null ? resolve(at) : reject(error),
    ),
  );
  return { port: bound, hanging: () => hanging, close: () => server.forceShutdown() };
}

/** A real client; authority and all as gRPC libraries make them. */
export function grpcClient(port: number): Client {
  return new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.default_authority': 'server:9080',
  });
}
