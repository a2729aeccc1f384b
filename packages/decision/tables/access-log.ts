export interface AccessLog {
  /** `/dev/stdout` or a file. */
  readonly path: string;
  readonly format:
    | { readonly kind: 'text'; readonly text: string }
    | { readonly kind: 'json'; readonly fields: JsonFormat };
}
export interface JsonFormat {
  readonly [field: string]: string | JsonFormat;
}
