import type {
  InboundPort,
  OutboundCapture,
  ProxyMetadata,
  TransparentCapture,
  UpstreamListener,
} from '@tulle/xds/node';

/** Why a Node's metadata is not a proxy's. */
export class NodeMetadataError extends Error {
  constructor(field: string, expected: string) {
    super(`node metadata: ${field} must be ${expected}`);
    this.name = 'NodeMetadataError';
  }
}

const maxPorts = 1_000;

/**
 * Reads the metadata of a Node message, which is whatever a peer sent: only known fields are taken, each of
 * its type.
 * @throws NodeMetadataError
 */
export function readProxyMetadata(metadata: unknown): ProxyMetadata {
  const fields = object(metadata ?? {}, 'metadata');
  const network = optional(fields.NETWORK, 'NETWORK', text);
  const weight = optional(fields.TULLE_WEIGHT, 'TULLE_WEIGHT', positive);
  const locality = optional(fields.TULLE_LOCALITY, 'TULLE_LOCALITY', text);
  const version = optional(fields.ISTIO_VERSION, 'ISTIO_VERSION', text);
  const captured = optional(fields.TULLE_CAPTURE, 'TULLE_CAPTURE', capture);
  return {
    NAMESPACE: name(fields.NAMESPACE, 'NAMESPACE'),
    SERVICE_ACCOUNT: name(fields.SERVICE_ACCOUNT, 'SERVICE_ACCOUNT'),
    NAME: name(fields.NAME, 'NAME'),
    WORKLOAD_NAME: name(fields.WORKLOAD_NAME, 'WORKLOAD_NAME'),
    LABELS: labels(fields.LABELS ?? {}, 'LABELS'),
    CLUSTER_ID: text(fields.CLUSTER_ID ?? '', 'CLUSTER_ID'),
    MESH_ID: text(fields.MESH_ID ?? '', 'MESH_ID'),
    ...(network === undefined ? {} : { NETWORK: network }),
    ...(version === undefined ? {} : { ISTIO_VERSION: version }),
    TULLE_ENGINE: fields.TULLE_ENGINE === 'tulle' ? 'tulle' : 'envoy',
    TULLE_INBOUND: list(fields.TULLE_INBOUND ?? [], 'TULLE_INBOUND', inboundPort),
    TULLE_OUTBOUND: outbound(fields.TULLE_OUTBOUND ?? {}, 'TULLE_OUTBOUND'),
    ...(captured === undefined ? {} : { TULLE_CAPTURE: captured }),
    TULLE_ADMIN_PORT: port(fields.TULLE_ADMIN_PORT ?? 0, 'TULLE_ADMIN_PORT'),
    ...(weight === undefined ? {} : { TULLE_WEIGHT: weight }),
    ...(locality === undefined ? {} : { TULLE_LOCALITY: locality }),
  };
}

type Read<T> = (value: unknown, field: string) => T;

function inboundPort(value: unknown, field: string): InboundPort {
  const fields = object(value, field);
  const portName = optional(fields.name, `${field}.name`, text);
  const protocol = optional(fields.protocol, `${field}.protocol`, text);
  return {
    port: port(fields.port, `${field}.port`),
    ...(portName === undefined ? {} : { name: portName }),
    ...(protocol === undefined ? {} : { protocol }),
    bindAddress: text(fields.bindAddress, `${field}.bindAddress`),
    bindPort: port(fields.bindPort, `${field}.bindPort`),
    appAddress: text(fields.appAddress ?? '127.0.0.1', `${field}.appAddress`),
    appPort: port(fields.appPort ?? 0, `${field}.appPort`),
  };
}

function outbound(value: unknown, field: string): OutboundCapture {
  const fields = object(value, field);
  const proxy = optional(fields.httpProxy, `${field}.httpProxy`, object);
  const upstreams = list(fields.upstreams ?? [], `${field}.upstreams`, upstream);
  return {
    ...(proxy === undefined
      ? {}
      : {
          httpProxy: {
            address: text(proxy.address, `${field}.httpProxy.address`),
            port: port(proxy.port, `${field}.httpProxy.port`),
          },
        }),
    upstreams,
    ...(fields.onlyDeclared === true ? { onlyDeclared: true } : {}),
  };
}

function capture(value: unknown, field: string): TransparentCapture {
  const fields = object(value, field);
  return {
    addresses: list(fields.addresses, `${field}.addresses`, text),
    outboundPort: port(fields.outboundPort, `${field}.outboundPort`),
    inboundPort: port(fields.inboundPort, `${field}.inboundPort`),
    dnsPort: port(fields.dnsPort, `${field}.dnsPort`),
  };
}

function upstream(value: unknown, field: string): UpstreamListener {
  const fields = object(value, field);
  return {
    host: text(fields.host, `${field}.host`),
    port: port(fields.port, `${field}.port`),
    bindAddress: text(fields.bindAddress, `${field}.bindAddress`),
    bindPort: port(fields.bindPort, `${field}.bindPort`),
  };
}

function object(value: unknown, field: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NodeMetadataError(field, 'an object');
  return value as Record<string, unknown>;
}

function list<T>(value: unknown, field: string, read: Read<T>): T[] {
  if (!Array.isArray(value) || value.length > maxPorts) throw new NodeMetadataError(field, 'a list');
  return value.map((item, at) => read(item, `${field}[${at}]`));
}

function labels(value: unknown, field: string): Record<string, string> {
  const entries = Object.entries(object(value, field));
  return Object.fromEntries(entries.map(([key, label]) => [key, text(label, `${field}.${key}`)]));
}

function text(value: unknown, field: string): string {
  if (typeof value !== 'string' || value.length > 1024) throw new NodeMetadataError(field, 'a string');
  return value;
}

/** A Kubernetes name: it becomes part of a registration's name. */
function name(value: unknown, field: string): string {
  if (typeof value !== 'string' || !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(value)) {
    throw new NodeMetadataError(field, 'a name (lower-case letters, digits, "-", ".")');
  }
  return value;
}

function port(value: unknown, field: string): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) > 65_535) {
    throw new NodeMetadataError(field, 'a port');
  }
  return value as number;
}

function positive(value: unknown, field: string): number {
  if (!Number.isInteger(value) || (value as number) < 1)
    throw new NodeMetadataError(field, 'a positive integer');
  return value as number;
}

function optional<T>(value: unknown, field: string, read: Read<T>): T | undefined {
  return value === undefined || value === null ? undefined : read(value, field);
}
