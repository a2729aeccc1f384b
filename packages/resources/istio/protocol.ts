/** The protocols that Istio's Gateway and ServiceEntry ports may name (pkg/config/protocol), in any case. */
export const protocols = [
  'HTTP',
  'HTTP_PROXY',
  'HTTP2',
  'GRPC',
  'GRPC-WEB',
  'HTTPS',
  'TLS',
  'TCP',
  'UDP',
  'MONGO',
  'REDIS',
  'MYSQL',
  'HBONE',
  'DOUBLEHBONE',
] as const;

export const isProtocol = (name: string): boolean =>
  (protocols as readonly string[]).includes(name.toUpperCase());
/** Plain HTTP of any version. */
export const isHttp = (name: string): boolean =>
  ['HTTP', 'HTTP_PROXY', 'HTTP2', 'GRPC', 'GRPC-WEB'].includes(name.toUpperCase());
/** TLS under it. */
export const isTls = (name: string): boolean => ['HTTPS', 'TLS'].includes(name.toUpperCase());
