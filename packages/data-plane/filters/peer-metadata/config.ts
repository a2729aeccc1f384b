/** `io.istio.http.peer_metadata.Config` as far as it matters: from whom is learnt, and to whom is told. */
export interface PeerMetadataConfig {
  /** Callers tell who they are by headers. */
  readonly learnFromCallers: boolean;
  /** Servers answer with who they are. */
  readonly learnFromServers: boolean;
  /** We answer our callers. */
  readonly tellCallers: boolean;
  /** We tell the servers that we call. */
  readonly tellServers: boolean;
}

function namesIstioHeaders(list: unknown): boolean {
  return (
    Array.isArray(list) &&
    list.some((entry) => typeof entry === 'object' && entry !== null && 'istio_headers' in entry)
  );
}

/** From the JSON of the TypedStruct; field names as in the proto. Methods that are not by headers need nothing here. */
export function readPeerMetadataConfig(json: unknown): PeerMetadataConfig {
  const fields = (typeof json === 'object' && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  return {
    learnFromCallers: namesIstioHeaders(fields.downstream_discovery),
    learnFromServers: namesIstioHeaders(fields.upstream_discovery),
    tellCallers: namesIstioHeaders(fields.downstream_propagation),
    tellServers: namesIstioHeaders(fields.upstream_propagation),
  };
}
