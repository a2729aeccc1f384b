/** A loopback listener of the sidecar that leads to one declared upstream. */
export interface CapturedUpstream {
  /** As the Workload declares it: `reviews`, `reviews.ns`, fully qualified. */
  readonly host: string;
  readonly port: number;
  readonly bindPort: number;
}

export interface CapturedPort {
  readonly name?: string;
  /** The port that callers know. */
  readonly port: number;
  /** The port that the application must listen on. */
  readonly appPort: number;
}

const NOT_PROXIED = 'localhost,127.0.0.1,::1';

/**
 * The environment that leads an unchanged application through its sidecar (design, Capture): HTTP clients by
 * the proxy variables, everything else by a loopback listener per declared upstream.
 *
 * `PORT` is where the application must listen; with several ports each has `PORT_<its known number>`, and
 * `PORT_<NAME>` if it is named. An upstream `reviews:9080` gives REVIEWS_URL, REVIEWS_HOST and REVIEWS_PORT;
 * a second port of one host adds its number: REVIEWS_9090_URL.
 */
export function captureEnv(options: {
  readonly ports: readonly CapturedPort[];
  /** Undefined: traffic is redirected, and upstreams are called by their own names. */
  readonly httpProxyPort: number | undefined;
  readonly upstreams: readonly CapturedUpstream[];
}): Record<string, string> {
  const { ports, httpProxyPort, upstreams } = options;
  const env = httpProxyPort === undefined ? {} : proxyVariables(httpProxyPort);
  ports.forEach(({ name, port, appPort }, index) => {
    if (index === 0) env.PORT = String(appPort);
    env[`PORT_${port}`] = String(appPort);
    if (name !== undefined) env[`PORT_${variableName(name)}`] = String(appPort);
  });
  for (const { host, port, bindPort } of upstreams) {
    const base = variableName(host.split('.')[0] ?? host);
    const name = `${base}_URL` in env ? `${base}_${port}` : base;
    const address = httpProxyPort === undefined ? host : '127.0.0.1';
    const at = String(httpProxyPort === undefined ? port : bindPort);
    env[`${name}_URL`] = `http://${address}:${at}`;
    env[`${name}_HOST`] = address;
    env[`${name}_PORT`] = at;
  }
  return env;
}

function proxyVariables(port: number): Record<string, string> {
  const proxy = `http://127.0.0.1:${port}`;
  return {
    http_proxy: proxy,
    HTTP_PROXY: proxy,
    https_proxy: proxy,
    HTTPS_PROXY: proxy,
    no_proxy: NOT_PROXIED,
    NO_PROXY: NOT_PROXIED,
    NODE_USE_ENV_PROXY: '1',
    JAVA_TOOL_OPTIONS: ['http', 'https']
      .map((scheme) => `-D${scheme}.proxyHost=127.0.0.1 -D${scheme}.proxyPort=${port}`)
      .concat('-Dhttp.nonProxyHosts=localhost|127.*|[::1]')
      .join(' '),
  };
}

/** `reviews-api` ⇒ `REVIEWS_API`; a leading digit gets an underscore, as POSIX names need. */
export function variableName(text: string): string {
  const name = text.toUpperCase().replace(/[^A-Z0-9_]/g, '_');
  return /^\d/.test(name) ? `_${name}` : name;
}

/** `reviews:9080`, `reviews.ns:9080`. @returns undefined without a valid port */
export function parseUpstream(text: string): { host: string; port: number } | undefined {
  const [, host, digits] = /^([^:\s]+):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
