import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export const openApiV2Protobuf = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI v2 document as the message openapi.v2.Document of gnostic, the only form in which kubectl reads
 * it (to validate `kind: List`). Field numbers are those of its OpenAPIv2.proto; what v2 has no field for
 * (anyOf, oneOf, nullable) is left out, so that such a value is arbitrary.
 */
export function encodeOpenApiV2(document: Json): Uint8Array {
  const writer = new BinaryWriter();
  text(writer, 1, document.swagger);
  nested(writer, 2, () => {
    const info = record(document.info);
    text(writer, 1, info.title);
    text(writer, 2, info.version);
  });
  nested(writer, 8, () => named(writer, 2, record(document.paths), (item) => pathItem(writer, item)));
  nested(writer, 9, () => named(writer, 1, record(document.definitions), (one) => schema(writer, one)));
  return writer.finish();
}

const methods: Readonly<Record<string, number>> = { get: 2, put: 3, post: 4, delete: 5, patch: 8 };

function pathItem(writer: BinaryWriter, item: Json): void {
  for (const [method, operation] of Object.entries(item)) {
    const field = methods[method];
    if (field !== undefined) nested(writer, field, () => writeOperation(writer, record(operation)));
  }
}

function writeOperation(writer: BinaryWriter, operation: Json): void {
  text(writer, 3, operation.description);
  text(writer, 5, operation.operationId);
  for (const type of list(operation.produces)) text(writer, 6, type);
  for (const type of list(operation.consumes)) text(writer, 7, type);
  for (const parameter of list(operation.parameters)) {
    // ParametersItem.parameter → Parameter
    nested(writer, 8, () => nested(writer, 1, () => writeParameter(writer, record(parameter))));
  }
  nested(writer, 9, () =>
    named(writer, 1, record(operation.responses), (response) =>
      nested(writer, 1, () => {
        text(writer, 1, response.description);
        if (response.schema !== undefined)
          nested(writer, 2, () => nested(writer, 1, () => schema(writer, record(response.schema))));
      }),
    ),
  );
  extensions(writer, 13, operation);
}

function writeParameter(writer: BinaryWriter, parameter: Json): void {
  if (parameter.in === 'body') {
    nested(writer, 1, () => {
      text(writer, 2, parameter.name);
      text(writer, 3, parameter.in);
      flag(writer, 4, parameter.required);
      nested(writer, 5, () => schema(writer, record(parameter.schema)));
    });
    return;
  }
  // non_body_parameter → query_parameter_sub_schema
  nested(writer, 2, () =>
    nested(writer, 3, () => {
      text(writer, 2, parameter.in);
      text(writer, 3, parameter.description);
      text(writer, 4, parameter.name);
      text(writer, 6, parameter.type);
    }),
  );
}

function schema(writer: BinaryWriter, source: Json): void {
  text(writer, 1, source.$ref);
  text(writer, 2, source.format);
  text(writer, 4, source.description);
  if (source.default !== undefined) nested(writer, 5, () => text(writer, 2, JSON.stringify(source.default)));
  text(writer, 13, source.pattern);
  for (const name of list(source.required)) text(writer, 19, name);
  const { additionalProperties } = source;
  if (typeof additionalProperties === 'object' && additionalProperties !== null)
    nested(writer, 21, () => nested(writer, 1, () => schema(writer, record(additionalProperties))));
  else if (additionalProperties === true) nested(writer, 21, () => flag(writer, 2, true));
  if (typeof source.type === 'string') nested(writer, 22, () => text(writer, 1, source.type));
  if (source.items !== undefined)
    nested(writer, 23, () => nested(writer, 1, () => schema(writer, record(source.items))));
  if (source.properties !== undefined)
    nested(writer, 25, () => named(writer, 1, record(source.properties), (one) => schema(writer, one)));
  extensions(writer, 31, source);
}

/** Vendor extensions: NamedAny { name = 1, value = 2 { yaml = 2 } }; JSON is YAML. */
function extensions(writer: BinaryWriter, field: number, source: Json): void {
  for (const [name, value] of Object.entries(source)) {
    if (!name.startsWith('x-')) continue;
    nested(writer, field, () => {
      text(writer, 1, name);
      nested(writer, 2, () => text(writer, 2, JSON.stringify(value)));
    });
  }
}

/** Gnostic's form of a map: repeated { name = 1, value = 2 }. */
function named(writer: BinaryWriter, field: number, entries: Json, write: (value: Json) => void): void {
  for (const [name, value] of Object.entries(entries)) {
    nested(writer, field, () => {
      text(writer, 1, name);
      nested(writer, 2, () => write(record(value)));
    });
  }
}

function nested(writer: BinaryWriter, field: number, write: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  write();
  writer.join();
}

function text(writer: BinaryWriter, field: number, value: unknown): void {
  if (typeof value === 'string' && value !== '') writer.tag(field, WireType.LengthDelimited).string(value);
}

function flag(writer: BinaryWriter, field: number, value: unknown): void {
  if (value === true) writer.tag(field, WireType.Varint).bool(true);
}

const record = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
