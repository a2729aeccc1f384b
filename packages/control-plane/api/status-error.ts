/** One reason among several, as `StatusDetails.causes` of the Kubernetes API. */
export interface StatusCause {
  readonly reason: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The plural resource; the Kind where the Kubernetes API puts that (Invalid). */
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** meta/v1 Status: the body of every refusal, and of a completed delete. */
export interface Status {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code?: number;
}

/** What a message names: `virtualservices.networking.istio.io "reviews"`. */
export interface Subject {
  readonly group: string;
  readonly plural: string;
  readonly kind: string;
  readonly name: string;
}

/** A refused request. Nothing was written; `status` is the answer. */
export class ApiError extends Error {
  readonly status: Status & { readonly code: number };

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
    super(message);
    this.name = 'ApiError';
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      ...(details && { details }),
      code,
    };
  }
}

const qualified = (name: string, group: string): string => (group === '' ? name : `${name}.${group}`);

const detailsOf = ({ name, group, plural }: Subject, more: StatusDetails = {}): StatusDetails => ({
  name,
  ...(group !== '' && { group }),
  kind: plural,
  ...more,
});

const naming = ({ name, group, plural }: Subject): string => `${qualified(plural, group)} "${name}"`;

export const badRequest = (message: string): ApiError => new ApiError(400, 'BadRequest', message);

export const unauthorized = (): ApiError => new ApiError(401, 'Unauthorized', 'Unauthorized');

export function forbidden(subject: Subject, why: string, causes?: readonly StatusCause[]): ApiError {
  const details = detailsOf(subject, causes && { causes });
  return new ApiError(403, 'Forbidden', `${naming(subject)} is forbidden: ${why}`, details);
}

export const notFound = (subject: Subject): ApiError =>
  new ApiError(404, 'NotFound', `${naming(subject)} not found`, detailsOf(subject));

/** No such path, group, version or resource. */
export const noSuchPath = (): ApiError =>
  new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

export const methodNotAllowed = (
  why = 'the server does not allow this method on the requested resource',
): ApiError => new ApiError(405, 'MethodNotAllowed', why, {});

export const notAcceptable = (accepted: readonly string[]): ApiError =>
  new ApiError(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`);

export const alreadyExists = (subject: Subject): ApiError =>
  new ApiError(409, 'AlreadyExists', `${naming(subject)} already exists`, detailsOf(subject));

const staleObject =
  'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (subject: Subject, why: string = staleObject): ApiError =>
  new ApiError(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${naming(subject)}: ${why}`,
    detailsOf(subject),
  );

/** 410: history no longer reaches back; the client lists anew. */
export const expired = (message: string): ApiError => new ApiError(410, 'Expired', message);

export const tooLarge = (limit: number): ApiError =>
  new ApiError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${limit}`);

export const unsupportedMediaType = (accepted: readonly string[]): ApiError =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
  );

/** 422. One cause: its text in the message; several: all of them in brackets. */
export function invalid(subject: Subject, causes: readonly StatusCause[]): ApiError {
  const texts = causes.map(({ field, message }) => (field ? `${field}: ${message}` : message));
  const text = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`;
  const what = `${qualified(subject.kind, subject.group)} "${subject.name}"`;
  const details = { ...detailsOf(subject, { causes }), kind: subject.kind };
  return new ApiError(422, 'Invalid', `${what} is invalid: ${text}`, details);
}

/** 504: the asked revision is not there yet; clients retry, or list anew. */
export const tooLargeVersion = (asked: string, current: string): ApiError =>
  new ApiError(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
    retryAfterSeconds: 1,
  });

export const unavailable = (message: string): ApiError =>
  new ApiError(503, 'ServiceUnavailable', message, { retryAfterSeconds: 1 });

export const internal = (message: string): ApiError =>
  new ApiError(500, 'InternalError', `Internal error occurred: ${message}`, {
    causes: [{ reason: 'InternalError', message }],
  });

export const success = (subject: Subject, uid: string | undefined): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details: detailsOf(subject, uid === undefined ? {} : { uid }),
});
