/** nginx in the foreground, in one process, without logs. `http` are the lines of its http block. */
export function nginxConfiguration(prefix: string, http: readonly string[]): string {
  return [
    'daemon off; master_process off; worker_processes 1;',
    `pid ${prefix}/nginx.pid; error_log stderr crit;`,
    'events { worker_connections 12000; }',
    'http {',
    '  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;',
    '  keepalive_timeout 3600s; keepalive_requests 100000000; client_header_timeout 3600s;',
    `  client_body_temp_path ${prefix}/body; proxy_temp_path ${prefix}/proxy; fastcgi_temp_path ${prefix}/fastcgi;`,
    `  uwsgi_temp_path ${prefix}/uwsgi; scgi_temp_path ${prefix}/scgi;`,
    ...http,
    '}',
    '',
  ].join('\n');
}
