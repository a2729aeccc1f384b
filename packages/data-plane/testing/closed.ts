interface Closing {
  readonly closed: boolean;
  on(event: 'error', listener: () => void): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** Resolves when a connection is over, also by a reset, at which `once` of node:events would fail. */
export function closed(connection: Closing): Promise<void> {
  connection.on('error', () => {});
  return new Promise((resolve) => {
    if (connection.closed) resolve();
    else connection.once('close', () => resolve());
  });
}
