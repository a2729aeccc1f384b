const ours = /^(?:x-forwarded-proto|x-forwarded-for|x-request-id|x-envoy-[a-z-]+): .*\r\n/gim;

/** A request as it reached the backend, without the fields that the proxy adds to every request. */
export function asSent(request: string): string {
  return request.replace(ours, '');
}
