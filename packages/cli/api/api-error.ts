/** An answer of the API other than success: what its Status object says. */
export class ApiError extends Error {
  /** HTTP status. */
  readonly status: number;
  /** Kubernetes reason: NotFound, AlreadyExists, Conflict, Invalid, Expired, … */
  readonly reason: string;
  readonly causes: readonly { readonly field?: string; readonly message: string }[];

  constructor(status: number, body: unknown) {
    const { message, reason, details } = readStatus(body);
    super(message ?? `the API answered ${status}`);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason ?? '';
    this.causes = details;
  }
}

export function isApiError(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

function readStatus(body: unknown): {
  message?: string;
  reason?: string;
  details: { field?: string; message: string }[];
} {
  if (typeof body !== 'object' || body === null) return { details: [] };
  const causes =
    'details' in body && typeof body.details === 'object' && body.details !== null && 'causes' in body.details
      ? body.details.causes
      : [];
  return {
    ...('message' in body && typeof body.message === 'string' ? { message: body.message } : {}),
    ...('reason' in body && typeof body.reason === 'string' ? { reason: body.reason } : {}),
    details: Array.isArray(causes) ? causes.flatMap(readCause) : [],
  };
}

function readCause(cause: unknown): { field?: string; message: string }[] {
  if (typeof cause !== 'object' || cause === null || !('message' in cause)) return [];
  const field = 'field' in cause && typeof cause.field === 'string' ? { field: cause.field } : {};
  return [{ ...field, message: String(cause.message) }];
}
