/** gRPC status codes that asking again with the same request cannot change. */
const finalCodes: ReadonlySet<number> = new Set([
  3 /* INVALID_ARGUMENT */, 7 /* PERMISSION_DENIED */, 16 /* UNAUTHENTICATED */,
]);

/** Whether the certificate service itself refused, for good. */
export function isRefusal(error: unknown): boolean {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'number' && finalCodes.has(code);
}
