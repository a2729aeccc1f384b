import { z } from 'zod';

type Shape = Readonly<Record<string, z.ZodType>>;
type Optional<O extends Shape> = { -readonly [K in keyof O]: z.ZodExactOptional<O[K]> };
type Required<R extends Shape> = { -readonly [K in keyof R]: R[K] };

/**
 * An object whose unknown fields are errors. Most fields of the APIs that we speak are optional, so these are
 * given apart from the required ones instead of being marked one by one.
 */
export function message<R extends Shape, O extends Shape>(
  required: R,
  optional: O,
): z.ZodObject<Required<R> & Optional<O>, z.core.$strict> {
  const optionals = Object.fromEntries(
    Object.entries(optional).map(([name, type]) => [name, type.exactOptional()]),
  );
  return z.strictObject({ ...required, ...optionals }) as unknown as z.ZodObject<
    Required<R> & Optional<O>,
    z.core.$strict
  >;
}

/** An object of which every field is optional. */
export function options<O extends Shape>(optional: O): z.ZodObject<Optional<O>, z.core.$strict> {
  return message({}, optional) as z.ZodObject<Optional<O>, z.core.$strict>;
}

/** `type | null`; null means absent. Only where the API's schema says nullable. */
export function nullable<S extends z.ZodType>(type: S): z.ZodNullable<S> {
  return type.nullable();
}

/** A map of names to `value`, with bounds on its size. */
export function mapOf<V extends z.ZodType>(
  value: V,
  bounds: { minProperties?: number; maxProperties?: number } = {},
): z.ZodRecord<z.ZodString, V> {
  const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = bounds;
  const map = z.record(z.string(), value);
  if (minProperties === 0 && maxProperties === Number.POSITIVE_INFINITY) return map;
  return map
    .superRefine((entries, context) => {
      const size = Object.keys(entries).length;
      if (size < minProperties) {
        context.addIssue({
          code: 'custom',
          params: { code: 'too-few' },
          message: `must have at least ${count(minProperties, 'entry', 'entries')}`,
        });
      } else if (size > maxProperties) {
        context.addIssue({
          code: 'custom',
          params: { code: 'too-many' },
          message: `must have at most ${maxProperties} entries, not ${size}`,
        });
      }
    })
    .meta(bounds);
}

const count = (n: number, one: string, many: string): string => `${n} ${n === 1 ? one : many}`;
