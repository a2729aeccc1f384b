/** Node's own handle of a socket that is bound: what `Server.listen` takes and a message to a child carries. */
export interface SocketHandle {
  readonly fd: number;
  close(): void;
}

/** A listening address, by a name that every worker and successor uses for it. */
export interface SocketRequest {
  readonly key: string;
  /** An IP address, or the path of a Unix socket (`@name`: an abstract one). */
  readonly address: string;
  /** 0: any free one, the same for all. */
  readonly port: number;
  readonly ipv6Only: boolean;
  /** Permissions of a Unix socket's file; 0: as the process makes files. */
  readonly socketMode: number;
  /** For one worker at a time; who asks next waits until it is let go. */
  readonly exclusive: boolean;
}

/** Where listening sockets come from when they are not bound here. */
export interface SocketSource {
  /** @throws an error with the system's code, as `Server.listen` would */
  bind(request: SocketRequest): Promise<SocketHandle>;
  /** Nobody listens there any more in this process. */
  release(key: string): void;
}
