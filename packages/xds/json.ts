/** What a google.protobuf.Struct holds. Objects that `wire.ts` makes have no prototype. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

export interface JsonObject {
  [key: string]: JsonValue;
}
