/** A gRPC message: not compressed, four bytes of length, 100 bytes. */
export const grpcMessage = Buffer.concat([Buffer.from([0, 0, 0, 0, 100]), Buffer.alloc(100, 'm')]);
