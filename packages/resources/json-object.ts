/** Whether parsed JSON is an object: no list, no scalar, not null. */
export const isJsonObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of parsed JSON; none of what is no object. */
export const fieldsOf = (value: unknown): Record<string, unknown> => (isJsonObject(value) ? value : {});
